"""Golden specs: what a real client was seen to send, as data that can be replayed at any endpoint."""
