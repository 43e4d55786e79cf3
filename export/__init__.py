"""A generated model as a library for the user's own application."""
