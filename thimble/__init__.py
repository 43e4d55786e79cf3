"""Int8 neural networks on microcontrollers: one command over all stages, and the board as a Python object."""
