"""The folder in which a user's model is worked on, laid out as the stages expect it."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from contract.boards import Board
from contract.documents import read_document, write_document
from contract.errors import UserError
from contract.files import sha256_of
from contract.manifest import FORMAT

STAMP = "inputs.json"
DISTRIBUTION = "thimble-mcu"


@dataclass(frozen=True)
class Inputs:
    """What the artefacts in the folder were made from, and themselves: SHA-256 sums."""

    model: str
    name: str  # of the model's file
    data: str | None
    options: tuple[str, ...]  # of python -m quantize, with the sums of files among them
    made_by: str  # version of this distribution, and the manifest's format
    artefacts: tuple[str, ...]  # flatbuffer, manifest, reference


@dataclass(frozen=True)
class Workspace:
    """`folder` holds the flatbuffer, manifest and reference; below it the generated C, an image's folder for
    each board, and the report."""

    folder: Path

    def generated(self, tuning: str) -> Path:
        return self.folder / f"generated-aot{tuning}"

    def image(self, board: Board, tuning: str) -> Path:
        return self.folder / f"{board.name}-aot{tuning}"

    @property
    def flatbuffer(self) -> Path:
        return self.folder / "model.tflite"

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.json"

    @property
    def reference(self) -> Path:
        return self.folder / "reference.npz"

    @property
    def sums(self) -> tuple[str, ...]:
        """Of the artefacts; of those that are not there an empty text."""
        files = (self.flatbuffer, self.manifest, self.reference)
        return tuple(sha256_of(path) if path.is_file() else "" for path in files)


def workspace_of(model: Path, out: Path | None) -> Workspace:
    """The folder `out`, or where that is None <name of the model>-thimble in the current folder; or `model`
    itself where that is a folder with artefacts."""
    if model.is_dir():
        return Workspace(model)
    return Workspace(out or Path(f"{model.stem}-thimble"))


def quantised(
    workspace: Workspace,
    model: Path,
    data: Path | None,
    options: Sequence[str],
    anew: bool = False,
    quiet: bool = False,
) -> None:
    """The flatbuffer, manifest and reference of a model in the workspace.

    They are made where there are none. With `anew` (thimble deploy) also where they are from another model,
    other data or options; without, where they are from this model, they are taken as they are unless data or
    options are given that differ: looking into a model does not quantise it again. `quiet`: nothing is said
    on the standard output. UserError where the model cannot be used.
    """
    if model == workspace.folder:  # with artefacts, by thimble deploy, make or python -m quantize
        if data is not None or options:
            raise UserError(f"{model} is quantised already; give the model's file with its data and options")
        return
    _expect_usable(model, data)
    sums = tuple(sha256_of(Path(one)) if Path(one).is_file() else one for one in options)
    wanted = Inputs(
        sha256_of(model), model.stem, None if data is None else sha256_of(data), sums, _made_by(), ()
    )
    found = _inputs_of(workspace)
    if found is not None and replace(found, artefacts=()) == wanted:
        _say(f"model    as in {workspace.folder}, from the same files", quiet)
        return
    if found is not None and not anew:
        same = (found.model, found.name, found.made_by) == (wanted.model, wanted.name, wanted.made_by)
        if same and data is None and not options:
            _say(f"model    as in {workspace.folder}, as it was deployed", quiet)
            return
        raise UserError(
            f"{workspace.folder} was made from other files, options or another version; run thimble deploy "
            "again with these, or give another folder"
        )
    from quantize.__main__ import main

    stamp = workspace.folder / STAMP
    stamp.unlink(missing_ok=True)
    source = ["--tflite" if model.suffix == ".tflite" else "--model", str(model)]
    given = [] if data is None else ["--data", str(data)]
    with redirect_stdout(sys.stderr if quiet else sys.stdout):
        code = main([*source, *given, "--name", model.stem, *options, "--out", str(workspace.folder)])
    if code:
        raise UserError(f"{model} was not quantised, see above", code)
    write_document(stamp, replace(wanted, artefacts=workspace.sums))


def _expect_usable(model: Path, data: Path | None) -> None:
    for path in (model, data):
        if path is not None and not path.is_file():
            raise UserError(f"there is no file {path}")
    if model.suffix not in (".tflite", ".keras"):
        raise UserError(f"{model} is neither a .tflite flatbuffer nor a .keras model")
    if model.suffix == ".keras" and data is None:
        raise UserError(
            f"{model} is quantised with data: give --data, an .npz with x_train, x_test and the targets "
            "y_train and y_test"
        )


def _inputs_of(workspace: Workspace) -> Inputs | None:
    """What the artefacts were made from; None where they are not there, or not those that were made."""
    stamp = workspace.folder / STAMP
    if not stamp.is_file():
        return None
    try:
        found = read_document(stamp, Inputs, "thimble deploy")
    except UserError:
        return None  # of another version
    return found if found.artefacts == workspace.sums else None


def _made_by() -> str:
    try:
        version = metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        version = "a checkout"
    return f"{version}, manifest {FORMAT}"


def _say(text: str, quiet: bool) -> None:
    if not quiet:
        print(text)
