"""Recording: a real client behind mitmproxy, every exchange of it, and what it was given to work on."""
