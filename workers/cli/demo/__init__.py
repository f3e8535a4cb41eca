"""The demo, which replays a recorded class through the whole system."""
