"""C++ for TensorFlow Lite Micro on the Arduino: the op resolver and the arena that one model needs."""
