"""When each buffer is alive, and where it lies in the arena."""
