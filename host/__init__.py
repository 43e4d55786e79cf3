"""Streams test images to a board and compares what comes back with the reference."""
