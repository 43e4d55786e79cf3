"""The folder in which a user's model is worked on, laid out as the stages expect it."""

import hashlib
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from contract.boards import Board
from contract.documents import read_document, write_document
from contract.errors import UserError
from contract.files import sha256_of

STAMP = "inputs.json"


@dataclass(frozen=True)
class Inputs:
    """What the artefacts in the folder were made from: a hash of files and options."""

    sha256: str


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


def workspace_of(model: Path, out: Path | None) -> Workspace:
    """The folder `out`, or where that is None <name of the model>-thimble in the current folder; or `model`
    itself where that is a folder with artefacts."""
    if model.is_dir():
        return Workspace(model)
    return Workspace(out or Path(f"{model.stem}-thimble"))


def quantised(
    workspace: Workspace, model: Path, data: Path | None, options: Sequence[str], quiet: bool = False
) -> None:
    """The flatbuffer, manifest and reference of a model in the workspace, made where they are not there
    already from the same files and options; with `quiet` nothing is said on the standard output. UserError
    where the model cannot be used."""
    if model == workspace.folder:
        return  # a folder with artefacts, by thimble deploy, make or python -m quantize
    if model.suffix not in (".tflite", ".keras"):
        raise UserError(f"{model} is neither a .tflite flatbuffer nor a .keras model")
    for path in (model, data):
        if path is not None and not path.is_file():
            raise UserError(f"there is no file {path}")
    if model.suffix == ".keras" and data is None:
        raise UserError(
            f"{model} is quantised with data: give --data, an .npz with x_train, x_test and the targets "
            "y_train and y_test"
        )
    inputs = Inputs(_hash([model, *([data] if data else [])], options))
    stamp = workspace.folder / STAMP
    artefacts = (workspace.flatbuffer, workspace.manifest, workspace.reference)
    made = all(path.is_file() for path in (stamp, *artefacts))
    if made and read_document(stamp, Inputs, "thimble deploy") == inputs:
        if not quiet:
            print(f"model    as in {workspace.folder}, from the same files")
        return
    from quantize.__main__ import main

    stamp.unlink(missing_ok=True)
    source = ["--tflite" if model.suffix == ".tflite" else "--model", str(model)]
    given = [] if data is None else ["--data", str(data)]
    with redirect_stdout(sys.stderr if quiet else sys.stdout):
        code = main([*source, *given, "--name", model.stem, *options, "--out", str(workspace.folder)])
    if code:
        raise UserError(f"{model} was not quantised, see above", code)
    write_document(stamp, inputs)


def _hash(files: Sequence[Path], options: Sequence[str]) -> str:
    of_all = [*(sha256_of(path) for path in files), *options]
    return hashlib.sha256("\n".join(of_all).encode()).hexdigest()
