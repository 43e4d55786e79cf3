"""python -m codegen: C sources from a quantised flatbuffer."""

import argparse
from pathlib import Path

from codegen.aot.goals import GOALS
from contract.boards import CODE_BYTES, STACK_BYTES
from contract.cli import positive, program, run


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program("codegen"),
        description="Turn an int8 TensorFlow Lite flatbuffer into C sources for a microcontroller.",
        epilog="Nothing is written unless the whole model is supported; exit code 2 otherwise.",
    )
    parser.add_argument("--tflite", type=Path, required=True, metavar="FILE", help="the flatbuffer")
    parser.add_argument(
        "--manifest",
        type=Path,
        metavar="FILE",
        help="manifest.json beside it, by python -m quantize: names the layers and holds the SHA-256",
    )
    parser.add_argument(
        "--engine",
        choices=("aot", "tflm"),
        default="aot",
        help="aot: the model as C (the default); tflm: the flatbuffer as an array for TensorFlow Lite Micro",
    )
    parser.add_argument(
        "--library",
        choices=("chirale", "arduino"),
        default="chirale",
        help="with --engine tflm: Chirale_TensorFLowLite (the default) or Arduino_TensorFlowLite",
    )
    parser.add_argument(
        "--optimize",
        choices=tuple(GOALS),
        default="speed",
        help="with --engine aot: "
        + "; ".join(f"{goal}: {about}" for goal, about in GOALS.items())
        + " (default: speed); all give the same outputs, and all run on every processor",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="with --engine aot: say why each operator got its kernel variant",
    )
    parser.add_argument(
        "--board",
        metavar="BOARD",
        help="with --engine aot: refuse a model that does not fit this board, a folder of firmware/boards",
    )
    parser.add_argument(
        "--flash-limit",
        type=positive,
        metavar="BYTES",
        help="with --engine aot: what the model's constants may need (default: what --board has, less "
        f"{CODE_BYTES:,} for code): faster kernels with larger constants are taken as far as they fit",
    )
    parser.add_argument(
        "--ram-limit",
        type=positive,
        metavar="BYTES",
        help="with --engine aot: what the model's activations may need (default: what --board has, less "
        f"{STACK_BYTES:,} for the stack and a second input): the same for faster kernels with more scratch",
    )
    parser.add_argument(
        "--name",
        metavar="NAME",
        help="with --engine aot: what functions, types and files begin with, kernels included, so that "
        "several models can share an application (default: model, for this project's firmware)",
    )
    parser.add_argument(
        "--instances",
        action="store_true",
        help="with --name: the application declares as many instances as it likes, each with its memory "
        "(default: one, whose memory the model has itself)",
    )
    parser.add_argument(
        "--measured",
        type=Path,
        nargs="*",
        default=[],
        metavar="DIR",
        help="with --engine aot: folders with firmware.json, by python -m measure; the header states their "
        "figures",
    )
    parser.add_argument(
        "--inspect",
        action="store_true",
        help="with --engine aot: for an image that runs call by call and shows its memory (thimble layers)",
    )
    parser.add_argument(
        "--unfused",
        action="store_true",
        help="with --engine aot: leave the graph as it is, so that every tensor in it is computed",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the sources go")
    return parser


def main(argv: list[str]) -> int:
    parser = arguments()
    options = parser.parse_args(argv)
    if options.instances and options.name is None:
        parser.error("--instances has a meaning with --name alone")
    aot_alone = (
        ("name", options.name is not None),
        ("inspect", options.inspect),
        ("unfused", options.unfused),
    )
    for name, is_given in aot_alone:
        if is_given and options.engine != "aot":
            parser.error(f"--{name} has a meaning with --engine aot alone")
    if options.name is not None and options.inspect:
        parser.error("--inspect makes this project's firmware, --name a model for an application; give one")

    from codegen.generate import generate
    from contract.boards import board
    from contract.c_interface import FIRMWARE, INSPECTED, library

    interface = INSPECTED if options.inspect else FIRMWARE
    if options.name is not None:
        interface = library(options.name, options.instances)
    summary = generate(
        options.tflite,
        options.manifest,
        options.engine,
        options.library,
        options.out,
        options.optimize,
        options.explain,
        None if options.board is None else board(options.board),
        options.flash_limit,
        options.ram_limit,
        interface,
        options.measured,
        options.unfused,
    )
    print(summary)
    return 0


if __name__ == "__main__":
    run(main)
