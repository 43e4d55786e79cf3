"""A model as a typed graph: tensors, the operators that read and write them, and who reads what."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.files import sha256
from contract.text import shortened

CUSTOM = "CUSTOM:"  # before the names of operators that are none of the schema's own
ABSENT = -1  # an operator's input index for an optional tensor that is not given

NUMPY_TYPES = {
    "FLOAT32": "<f4", "FLOAT16": "<f2", "INT32": "<i4", "UINT8": "u1", "INT64": "<i8", "BOOL": "?",
    "INT16": "<i2", "INT8": "i1", "FLOAT64": "<f8", "UINT64": "<u8", "UINT32": "<u4", "UINT16": "<u2",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quantization:
    """real = scale * (quantised - zero_point); one pair a tensor, or one a slice along `dimension`."""

    scales: tuple[float, ...]  # float32 values, positive
    zero_points: tuple[int, ...]  # as many as scales
    dimension: int

    @property
    def per_channel(self) -> bool:
        return len(self.scales) > 1

    @property
    def scale(self) -> float:
        """The scale of a per-tensor quantisation."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The zero point of a per-tensor quantisation."""
        return self.zero_points[0]


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor: an activation (`data` is None) or a constant (`data` holds its little-endian bytes)."""

    index: int
    name: str
    type: str  # a name of the schema's TensorType: INT8, INT32, FLOAT32, ...
    shape: tuple[int, ...]  # every dimension at least 0
    quantization: Quantization | None
    data: bytes | None = field(repr=False)
    # A variable keeps its value from one inference to the next. It begins with `initial`, or where that is
    # None with its zero point in every byte.
    is_variable: bool = False
    initial: bytes | None = field(default=None, repr=False)

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of an element for NumPy, little-endian."""
        return np.dtype(NUMPY_TYPES[self.type])

    @property
    def bytes(self) -> int:
        return self.elements * self.dtype.itemsize

    @property
    def scale_and_zero_point(self) -> tuple[float, int]:
        """Those of a per-tensor quantisation; 0 and 0 for a type that has none."""
        return (self.quantization.scale, self.quantization.zero_point) if self.quantization else (0.0, 0)

    @property
    def values(self) -> NDArray[np.generic]:
        """A constant's values, in its shape and type. ValueError for an activation."""
        if self.data is None:
            raise ValueError(f"tensor {self.index} ({self.name}) is not a constant")
        return np.frombuffer(self.data, self.dtype).reshape(self.shape)

    def __str__(self) -> str:
        return f"tensor {self.index} ({shortened(self.name)})"


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator, in execution order."""

    index: int
    name: str  # a name of the schema's BuiltinOperator (CONV_2D), or CUSTOM:<name>
    version: int
    inputs: tuple[int, ...]  # tensor indices; ABSENT for an optional input that is not given
    outputs: tuple[int, ...]
    options: object  # what contract/operators/<name>.py reads; None for an operator without, or unknown

    @property
    def is_custom(self) -> bool:
        """Whether it is none of the schema's own."""
        return self.name.startswith(CUSTOM)

    def __str__(self) -> str:
        return f"operator {self.index} ({shortened(self.name)})"


@dataclass(frozen=True)
class Model:
    """A flatbuffer's main subgraph, whole and consistent."""

    data: bytes = field(repr=False)  # the file
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    subgraphs: tuple["Model", ...] = ()  # all of the file where there are more than one, this among them

    @property
    def sha256(self) -> str:
        return sha256(self.data)

    @property
    def input(self) -> Tensor:
        """The one input of a model with one input."""
        return self.tensors[self.inputs[0]]

    @property
    def output(self) -> Tensor:
        """The one output of a model with one output."""
        return self.tensors[self.outputs[0]]

    @cached_property
    def readers(self) -> dict[int, tuple[Operator, ...]]:
        """The operators that read each tensor, by its index, in execution order."""
        found: dict[int, list[Operator]] = {}
        for operator in self.operators:
            for index in dict.fromkeys(operator.inputs):
                if index != ABSENT:
                    found.setdefault(index, []).append(operator)
        return {index: tuple(operators) for index, operators in found.items()}
