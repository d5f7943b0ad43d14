"""The fault proxy: a tap that passes bytes unchanged, and when armed harms one scripted request."""
