"""Engines, variants and compile options side by side, measured by `measure`."""
