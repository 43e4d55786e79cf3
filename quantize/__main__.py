"""python -m quantize: turn a float model into an int8 flatbuffer, and record what a board must answer."""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from contract import cli
from contract.runtimes import RUNTIMES
from quantize import crash
from quantize.tasks import AUTO, CHOICES


def main(arguments: list[str]) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow is imported
    if arguments[:1] == ["compare"]:
        from quantize import compare

        return compare.main(arguments[1:])  # of a model that python -m quantize has taken
    if arguments[:1] == ["tensors"]:
        from quantize import tensors

        return tensors.main(arguments[1:])
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.model is not None and options.data is None:
        parser.error("--model needs --data, the dataset.npz that python -m train writes")
    if options.model is not None and not crash.is_inner():
        return crash.run_inner(arguments)
    from quantize import stage

    if options.tflite is not None:
        stage.given(
            options.tflite,
            options.data,
            options.name,
            options.recipe,
            options.seed,
            options.runtime,
            options.out,
            options.task,
        )
    else:
        stage.quantise(
            model_path=options.model,
            data_path=options.data,
            out=options.out,
            name=options.name,
            recipe=options.recipe,
            method=options.method,
            representative=options.representative,
            seed=options.seed,
            runtime=options.runtime,
            task=options.task,
        )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=cli.program("quantize"),
        description="Quantise a Keras 3 model to a full-integer flatbuffer (int8 in, int8 out, a batch of 1) "
        "and run TensorFlow Lite Micro over the test images. Writes model.tflite, manifest.json and "
        "reference.npz.",
        epilog="python -m quantize compare --help: the two methods measured against each other; python -m "
        "quantize tensors --help: what every tensor holds for a few inputs.",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", type=Path, metavar="FILE", help="the float model, a .keras file")
    source.add_argument(
        "--tflite", type=Path, metavar="FILE", help="an int8 flatbuffer of your own, taken as it is"
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="an .npz file with x_train, x_test, the targets y_train and y_test where there are any and, "
        "if you like, validation, classes, source and sha256; of several inputs or outputs x_train_<name> "
        "and so on; --tflite needs x_test and y_test alone, or else is run on random inputs",
    )
    parser.add_argument(
        "--task",
        choices=CHOICES,
        default=AUTO,
        help="what the outputs mean (default: auto, from the targets: integers are classes, 0 and 1 behind a "
        "sigmoid are yes and no, floats are a regression, an output like the input rebuilds it)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write")
    parser.add_argument("--name", help="the model's name in the manifest (default: the file's)")
    parser.add_argument("--recipe", default="own", help="how it was trained, for the manifest (default: own)")
    parser.add_argument(
        "--method",
        choices=("ptq", "qat"),
        default="ptq",
        help="quantise after training, or fine-tune with quantisation in the loop (default: ptq)",
    )
    parser.add_argument(
        "--representative",
        type=_representative,
        default=500,
        metavar="N|FILE",
        help="what sets the ranges: so many training inputs, balanced over the classes (default: 500), or an "
        ".npz file with x_train of your own",
    )
    parser.add_argument(
        "--seed", type=_seed, default=0, metavar="N", help="of the draw of these images (default: 0)"
    )
    parser.add_argument(
        "--runtime",
        choices=tuple(RUNTIMES),
        default="aot",
        help="what will run the model: an operator it cannot run is refused (default: aot)",
    )
    return parser


def _representative(text: str) -> int | Path:
    if not text.isdecimal():
        return Path(text)
    if int(text) < 1:
        raise argparse.ArgumentTypeError("at least one input is needed")
    return int(text)


def _seed(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError("a seed is a number from 0 to 4294967295")
    return number


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _leave)  # by an exception, so that the inner process is stopped, too
    cli.run(main)
