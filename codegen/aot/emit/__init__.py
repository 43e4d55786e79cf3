"""A plan as text: C, assembly, and the map from layers to calls."""
