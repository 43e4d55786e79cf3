"""python -m quantize.trial FILE: run TensorFlow Lite Micro on a flatbuffer once, in a process of its own.

It aborts where a model is out of its range, without a word, and would take the command with it.
"""

import sys
from pathlib import Path

from contract.flatbuffer import read_model
from quantize import tflm

if __name__ == "__main__":
    given = read_model(Path(sys.argv[1]))
    tflm.outputs(given, tflm.zeros(given))
