"""python -m quantize.trial FILE: run TensorFlow Lite Micro on a flatbuffer once, in a process of its own.

It aborts where a model is out of its range, without a word, and would take the command with it.
"""

from pathlib import Path

from contract import cli
from contract.flatbuffer import read_model
from quantize import tflm


def main(arguments: list[str]) -> int:
    given = read_model(Path(arguments[0]))
    tflm.outputs(given, tflm.zeros(given))
    return 0


if __name__ == "__main__":
    cli.run(main)
