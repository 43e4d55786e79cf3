"""Turns a trained Keras model into a full-integer flatbuffer, and records what a board must answer."""
