"""thimble export: a model as a library for the user's own application."""

import argparse
import shutil
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from contract.boards import DEFAULT, board
from contract.c_interface import library, library_name
from contract.errors import UserError
from export.__main__ import KINDS
from export.stage import expect_writable
from thimble.commands.build import add_tuning, built, tuning_of
from thimble.workspace import quantised, workspace_of

WRONG = 1  # exit code where the self-test fails
TOOLS = ("make", "arm-none-eabi-gcc", "qemu-system-arm")  # that counting instructions and stack needs


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="thimble export",
        description="Write a model, with exactly the kernels that it uses, as a library for your own "
        "application: a header, C sources, a self-test with the reference's bytes, an example to start from.",
        epilog="An exported library at --out is replaced, unless a file of it was changed; other files stay.",
    )
    parser.add_argument("model", type=Path, help="an int8 .tflite flatbuffer, or a .keras model with --data")
    parser.add_argument("--data", type=Path, metavar="FILE", help="an .npz, as for thimble deploy")
    parser.add_argument("--task", help="what the outputs mean (default: from the targets)")
    parser.add_argument(
        "--as", dest="packages", nargs="+", choices=KINDS, default=list(KINDS),
        help="what the library is described for (default: all)",
    )  # fmt: skip
    parser.add_argument("--name", help="what functions and files begin with (default: the model's file name)")
    parser.add_argument(
        "--arena", choices=("static", "caller"), default="static",
        help="static: the library has the memory, for one instance; caller: the application declares as many "
        "instances as it likes, each with its memory (default: static)",
    )  # fmt: skip
    parser.add_argument(
        "--measure", nargs="*", metavar="BOARD",
        help="emulated boards on which instructions and stack are counted, for header and README, and the "
        "self-test is run (default: "
        f"{DEFAULT}, where compiler and emulator are installed; none: --measure alone)",
    )  # fmt: skip
    parser.add_argument("--version", default="1.0.0", help="of the library (default: 1.0.0)")
    add_tuning(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the library goes")
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="where to work (default: <model>-thimble in this folder)"
    )
    return parser


def main(argv: list[str]) -> int:
    options = arguments().parse_args(argv)
    name = options.name or library_name(options.model.stem)
    library(name, instances=False)  # refuse it before anything is done
    targets = [board(one) for one in ([DEFAULT] if options.measure is None else options.measure)]
    if any(one.emulator is None for one in targets):
        raise UserError("--measure takes emulated boards; thimble boards lists them")
    expect_writable(options.out, options.packages)
    workspace = workspace_of(options.model, options.work)
    quantised(
        workspace, options.model, options.data, [] if options.task is None else ["--task", options.task]
    )

    tuning = tuning_of(options)
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing and targets and options.measure is not None:
        raise UserError(f"--measure needs {', '.join(missing)}; thimble doctor says how they come")
    if missing and targets:
        print(f"counted  nothing: {', '.join(missing)} not installed (thimble doctor says more)")
        targets = []
    images = [str(built(workspace, target, tuning)[0]) for target in targets]

    from codegen.__main__ import main as codegen
    from export.stage import export
    from measure.library import self_test

    generated = workspace.folder / f"library-{name}"
    shutil.rmtree(generated, ignore_errors=True)
    # What it says was said for the image, where one was built.
    with redirect_stdout(StringIO() if images else sys.stdout):
        codegen(
            [
                *("--tflite", str(workspace.flatbuffer), "--manifest", str(workspace.manifest)),
                *("--name", name, *(["--instances"] if options.arena == "caller" else [])),
                *tuning.arguments,
                *(["--measured", *images] if images else []),
                *("--out", str(generated)),
            ]
        )
    print(
        export(
            generated,
            workspace.manifest,
            workspace.reference,
            [Path(one) for one in images],
            list(dict.fromkeys(options.packages)),
            options.version,
            options.out,
        )
    )
    for target in targets:
        passed, said = self_test(options.out, target)
        print(f"self-test on {target.name} ({target.core}, emulated): {said.strip()}")
        if not passed:
            raise UserError(
                f"the library in {options.out} computes something else than the reference on {target.name}; "
                f"thimble layers {options.model} shows in which layer",
                WRONG,
            )
    return 0
