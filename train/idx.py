"""The IDX format, in which MNIST and Fashion-MNIST are published as four files.

A file is two zero bytes, the type of the elements (8: unsigned byte), the rank, each length as a big-endian
32-bit integer, then the elements in C order. Source: http://yann.lecun.com/exdb/mnist
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
NAMES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)

IdxFiles = Mapping[str, bytes]  # the contents of the four files, by name

UNSIGNED_BYTE = 8


def to_bytes(array: npt.NDArray[np.uint8]) -> bytes:
    """`array` as an IDX file."""
    lengths = np.array(array.shape, dtype=">u4").tobytes()
    return bytes([0, 0, UNSIGNED_BYTE, array.ndim]) + lengths + array.tobytes()


def to_array(data: bytes) -> npt.NDArray[Any]:
    """The uint8 array in an IDX file; raises ValueError when the bytes are not such a file."""
    if len(data) < 4 or data[:3] != bytes([0, 0, UNSIGNED_BYTE]):
        raise ValueError("not an IDX file of unsigned bytes")
    rank = data[3]
    shape = np.frombuffer(data, dtype=">u4", count=rank, offset=4)
    return np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * rank).reshape(shape)
