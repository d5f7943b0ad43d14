"""Tests of load: plans, work, recording, the client, the fleet, statistics."""
