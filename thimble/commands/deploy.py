"""thimble deploy: the whole pipeline on a user's own model."""

import argparse
import sys
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path

from contract.boards import DEFAULT, board
from contract.validation import JSON_NAME
from thimble.commands.build import add_tuning, built, tuning_of
from thimble.workspace import quantised, workspace_of


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="thimble deploy",
        description="Take a model to a board: quantise it or take it as it is, generate C, build the image, "
        "run it, and check every answer against TensorFlow Lite Micro and the float model.",
        epilog="exit codes: 0 passed; 1 accuracy or exactness below the threshold; 2 usage or set-up; 3 the "
        "board or the line",
    )
    parser.add_argument("model", type=Path, help="an int8 .tflite flatbuffer, or a .keras model")
    parser.add_argument(
        "--data", type=Path, metavar="FILE",
        help="an .npz: x_train, x_test, y_train, y_test for a .keras model, x_test and y_test for a "
        "flatbuffer (default for that: random inputs)",
    )  # fmt: skip
    parser.add_argument("--board", default=DEFAULT, help=f"see thimble boards (default: {DEFAULT}, emulated)")
    parser.add_argument("--link", help="the board's line (default: its first)")
    parser.add_argument("--port", help="the board's serial port (default: found by its USB id)")
    parser.add_argument(
        "--task", help="what the outputs mean (default: from the targets; see thimble tflite)"
    )
    parser.add_argument(
        "--representative", metavar="N|FILE", help="what sets the ranges (see thimble tflite)"
    )
    parser.add_argument("--images", metavar="N", help="send the first N inputs (default: all)")
    parser.add_argument("--threshold", metavar="PP", help="what the board may lose (see thimble validate)")
    add_tuning(parser)
    parser.add_argument(
        "--json", action="store_true", help="print validation.json at the end, and all else on standard error"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to work (default: <model>-thimble in this folder)"
    )
    return parser


def main(argv: list[str]) -> int:
    options = arguments().parse_args(argv)
    if not options.json:
        return _deploy(options)[0]
    with redirect_stdout(sys.stderr):
        code, image = _deploy(options)
    print((image / JSON_NAME).read_text(encoding="utf-8"), end="")
    return code


def _deploy(options: argparse.Namespace) -> tuple[int, Path]:
    """The exit code of the validation, and the image's folder."""
    target = board(options.board)
    workspace = workspace_of(options.model, options.out)
    quantised(workspace, options.model, options.data, _given(options, "task", "representative"), anew=True)
    image, _ = built(workspace, target, tuning_of(options), link=options.link)

    from host.__main__ import main as host

    if target.usb:
        host(["flash", str(image), *_given(options, "port")])
    code = host(["validate", str(image), *_given(options, "port", "images", "threshold")])
    if code == 0:
        _report(image)
    return code, image


def _given(options: argparse.Namespace, *names: str) -> list[str]:
    """The options that were given, as words."""
    values = ((name, getattr(options, name)) for name in names)
    return [word for name, value in values if value is not None for word in (f"--{name}", value)]


def _report(image: Path) -> None:
    """The report, where its packages are installed; the validation stands without it."""
    if find_spec("jinja2") is None or find_spec("matplotlib") is None:
        print("report   not written: pip install 'thimble-mcu[report]' brings what it needs")
        return
    from report.__main__ import main as report

    report([str(image)])
