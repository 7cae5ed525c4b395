"""What a test holds: a device at the far end of a link."""
