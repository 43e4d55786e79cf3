"""python -m host: talk to a board."""

import argparse
import math
import signal
import sys
from pathlib import Path
from types import FrameType

from contract.cli import program, run

EXIT_CODES = """\
exit codes: 0 passed; 1 accuracy or exactness below the threshold; 2 usage or set-up;
3 the board or the line (no port, no answer, unplugged, another model)"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog=program("host"),
        description="Talk to a board: see what runs on it, and check its answers against the reference.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    _add_validate(commands.add_parser(
        "validate",
        help="stream the test set to the board and check every answer",
        description="Start the emulator or find the board that DIR's image was built for, stream the\n"
        "test set to it, compare every answer with the reference, and write DIR/validation.json\n"
        "and DIR/validation.npz.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ))  # fmt: skip
    show = commands.add_parser("show", help="print the table of a validation that was made before")
    show.add_argument("folder", metavar="DIR", type=Path, help="the image's folder, with validation.json")
    show.add_argument("--json", action="store_true", help="the same for a script")
    info = commands.add_parser("info", help="ask a board what runs on it")
    info.add_argument("folder", metavar="DIR", type=Path, nargs="?", help="the folder of the image to start")
    info.add_argument("--port", help="the board's serial port (default: found by its USB id)")
    info.add_argument("--json", action="store_true", help="the same for a script")
    flash = commands.add_parser("flash", help="upload an image to the Arduino board and ask what runs there")
    flash.add_argument("folder", metavar="DIR", type=Path, help="the image's folder, with firmware.json")
    flash.add_argument("--port", help="the board's serial port (default: found by its USB id)")
    ports = commands.add_parser("ports", help="list the serial ports and mark the one that would be used")
    ports.add_argument("--json", action="store_true", help="the same for a script")
    options = parser.parse_args(arguments)

    if options.command == "validate":
        return _validate(options)
    if options.command == "show":
        return _show(options.folder, options.json)
    if options.command == "info":
        return _info(options.folder, options.port, options.json)
    if options.command == "flash":
        return _flash(options.folder, options.port)
    return _ports(options.json)


def _add_validate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=Path, help="the image's folder, with firmware.json")
    parser.add_argument(
        "--port", action="append",
        help="the board's serial port (default: what the image was built for); several share the inputs",
    )  # fmt: skip
    parser.add_argument(
        "--boards", metavar="N", type=_count, default=1,
        help="start so many emulated or native boards, which share the inputs (default: 1)",
    )  # fmt: skip
    parser.add_argument("--images", metavar="N", type=_count, help="send the first N images (default: all)")
    parser.add_argument(
        "--threshold", metavar="PP", type=_points,
        help="what each output may lose against the float model: percentage points of accuracy "
        "(default: 0.5), else see docs/own-models.md (default: 2)",
    )  # fmt: skip
    parser.add_argument(
        "--timeout", metavar="S", type=_seconds, default=5.0,
        help="longest wait for the first answer, in seconds; later waits follow from it (default: 5)",
    )  # fmt: skip
    parser.add_argument(
        "--wait", metavar="S", type=_no_less_than_0, default=60.0,
        help="how long to wait for a board that is gone to come back, in seconds; then the run goes on "
        "(default: 60; 0: not at all)",
    )  # fmt: skip
    parser.add_argument(
        "--resume", action="store_true", help="go on with what an interrupted run of the same has left"
    )
    parser.add_argument("--quiet", action="store_true", help="do not print the table at the end")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 on")
    return int(text)


def _points(text: str) -> float:
    if not 0 <= (number := _number(text)) <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 to 100")
    return number


def _seconds(text: str) -> float:
    if not 0 < (number := _number(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return number


def _no_less_than_0(text: str) -> float:
    if not 0 <= (number := _number(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds from 0 on")
    return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _validate(options: argparse.Namespace) -> int:
    from contract.manifest import read_manifest
    from host.display import show_validation
    from host.validate import Way, validate

    validation, failure = validate(
        options.folder,
        images=options.images,
        threshold=options.threshold,
        way=Way(
            tuple(options.port or [None] * options.boards), options.timeout, options.wait, options.resume
        ),
    )
    if not options.quiet or failure:
        show_validation(validation, read_manifest(options.folder.parent / "manifest.json"))
    if failure:
        raise failure
    return 0


def _show(folder: Path, as_json: bool) -> int:
    from contract import documents
    from contract.manifest import read_manifest
    from contract.reference import read_reference
    from contract.validation import read_validation
    from host.display import show_validation

    beside = folder.parent / "reference.npz"
    validation, _ = read_validation(folder, read_reference(beside) if beside.exists() else None)
    if as_json:
        print(documents.as_json(validation), end="")
        return 0
    show_validation(validation, read_manifest(folder.parent / "manifest.json"))
    return 0


def _info(folder: Path | None, port: str | None, as_json: bool) -> int:
    from host.info import info

    info(folder, port, as_json)
    return 0


def _flash(folder: Path, port: str | None) -> int:
    from host.flash import flash

    print(flash(folder, port))
    return 0


def _ports(as_json: bool) -> int:
    from host.ports import list_ports, listing, listing_json

    print((listing_json if as_json else listing)(list_ports()))
    return 0


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGHUP):  # by an exception, so that an emulator is stopped
        signal.signal(number, _leave)
    run(main)
