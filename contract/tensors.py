"""tensors.npz: what every tensor of a flatbuffer holds for a few inputs. quantize writes it, thimble layers
reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.arrays import load_npz
from contract.errors import UserError
from contract.files import replacing

FILE_NAME = "tensors.npz"


@dataclass(frozen=True)
class Tensors:
    """N inputs of the reference, and the outputs of all operators for them."""

    sha256: str  # of the flatbuffer
    positions: NDArray[np.int64]  # (N,), where the inputs stand in the reference
    stored: dict[int, NDArray[Any]]  # by tensor index: (N, *shape), by TensorFlow Lite Micro
    real: dict[int, NDArray[np.float32]]  # the same of the float model, empty without one

    def write(self, folder: Path) -> None:
        arrays: dict[str, NDArray[Any]] = {
            "sha256": np.array(self.sha256),
            "positions": self.positions,
            **{f"stored_{index}": values for index, values in self.stored.items()},
            **{f"real_{index}": values for index, values in self.real.items()},
        }
        with replacing(folder / FILE_NAME) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **arrays)


def read_tensors(folder: Path) -> Tensors:
    """Read `folder`/tensors.npz. UserError where it is missing or damaged."""
    path = folder / FILE_NAME
    try:
        arrays = load_npz(path)
        return Tensors(
            str(arrays["sha256"]),
            arrays["positions"].astype(np.int64),
            _of_kind(arrays, "stored_"),
            _of_kind(arrays, "real_"),
        )
    except FileNotFoundError as error:
        raise UserError(f"there is no {path}; python -m quantize tensors writes it") from error
    except Exception as error:  # a damaged zip file can fail in many ways
        raise UserError(f"{path} is damaged ({error}); python -m quantize tensors writes it") from error


def _of_kind(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[int, NDArray[Any]]:
    return {int(name.removeprefix(prefix)): arrays[name] for name in arrays if name.startswith(prefix)}
