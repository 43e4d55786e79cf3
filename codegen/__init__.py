"""From a flatbuffer to C: the model's data for an interpreter, or the model's own code for the AOT engine."""
