"""Forecast: from runs at several scale points to a cluster's size, with an interval and a physics cap."""
