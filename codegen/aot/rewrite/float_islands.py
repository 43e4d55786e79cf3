"""Islands of float32 between DEQUANTIZE and QUANTIZE that are a function of one int8 value.

TensorFlow's converter leaves operators in float32 that have no int8 form (ELU, NEG, SQUARE, SIN), each
between a DEQUANTIZE and a QUANTIZE. Where all of them are computed element by element, from one tensor and
single constants, the 256 outputs are computed once and for all, and looked up.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codegen.aot.operators import evaluate_real
from codegen.aot.operators.table import NAME, TableOptions
from codegen.aot.rewrite.change import Change, with_operators, without_readers
from contract.graph import ABSENT, Model, Operator, Tensor

Producers = Mapping[int, Operator]  # by the index of the tensor that they write


def tabulate_float_islands(model: Model) -> tuple[Model, list[Change]]:
    """The model with a table for each QUANTIZE behind such an island, and for each float32 output of the
    model."""
    producers = {index: operator for operator in model.operators for index in operator.outputs}
    changes = []
    for operator in model.operators:
        table = _table(model, operator, producers)
        if table is not None:
            model = with_operators(model, [table])
            island = ", ".join(table.options.operators)  # type: ignore[attr-defined]
            changes.append(Change(operator, f"a table of 256 outputs with the {island} before it"))
    if not changes:
        return model, []
    gone = without_readers(model)
    changes.extend(Change(operator, "part of the tables behind it") for operator in reversed(gone))
    return with_operators(model, (), gone), changes


def _table(model: Model, operator: Operator, producers: Producers) -> Operator | None:
    """What computes the outputs of `operator`, the last of an island, in its place; or None."""
    output = model.tensors[operator.outputs[0]]
    last = operator.name == "QUANTIZE" and model.tensors[operator.inputs[0]].type == "FLOAT32"
    ends_in_float = output.index in model.outputs and output.type == "FLOAT32"
    if not last and (not ends_in_float or operator.name == "DEQUANTIZE"):
        return None
    walk = _Walk(model, producers)
    real = walk.values_of(operator.inputs[0]) if last else walk.values_of(output.index)
    if real is None or walk.source is None or walk.source.shape != output.shape:
        return None
    values = _quantized(real, output) if last else real
    names = tuple(dict.fromkeys(one.name for one in walk.operators if one is not operator))
    data = np.broadcast_to(values, 256).astype(output.dtype)
    return Operator(
        operator.index, NAME, 1, (walk.source.index,), operator.outputs, TableOptions(data, names)
    )


class _Walk:
    """The values of float32 tensors for all 256 values of the one int8 tensor they come from."""

    def __init__(self, model: Model, producers: Producers) -> None:
        self._model = model
        self._producers = producers
        self._values: dict[int, NDArray[Any] | None] = {}
        self.source: Tensor | None = None
        self.operators: list[Operator] = []  # as they are computed

    def values_of(self, index: int) -> NDArray[Any] | None:
        """(256,) or a single value; None where the tensor is no function of one int8 tensor."""
        if index not in self._values:
            self._values[index] = self._compute(self._model.tensors[index])
        return self._values[index]

    def _compute(self, tensor: Tensor) -> NDArray[Any] | None:
        if tensor.data is not None:
            return tensor.values.reshape(()) if tensor.elements == 1 else None
        operator = self._producers.get(tensor.index)
        if operator is None or ABSENT in operator.inputs or len(operator.outputs) != 1:
            return None
        if operator.name == "DEQUANTIZE":
            values = self._dequantized(self._model.tensors[operator.inputs[0]])
        else:
            inputs = [self.values_of(index) for index in operator.inputs]
            given = [one for one in inputs if one is not None]
            values = evaluate_real(operator, *given) if len(given) == len(inputs) else None
        if values is not None:
            self.operators.append(operator)
        return values

    def _dequantized(self, source: Tensor) -> NDArray[np.float32] | None:
        if source.type != "INT8" or source.quantization is None or source.quantization.per_channel:
            return None
        if source.data is not None or self.source not in (None, source):
            return None
        self.source = source
        steps = np.arange(-128, 128) - source.quantization.zero_point
        return np.float32(source.quantization.scale) * steps.astype(np.float32)


def _quantized(real: NDArray[np.float32], output: Tensor) -> NDArray[np.int64]:
    """AffineQuantize in tensorflow/lite/kernels/internal/reference/quantize.h. Its conversion to int32 is
    undefined for quotients beyond int32, infinities and NaN: here they are clamped, and NaN is the least."""
    scale, zero_point = output.scale_and_zero_point
    limits = np.iinfo(output.dtype)
    with np.errstate(all="ignore"):
        steps = np.nan_to_num(real / np.float32(scale), nan=-512).clip(-512, 512).astype(np.float64)
    rounded = np.copysign(np.floor(np.abs(steps) + 0.5), steps).astype(np.int64)
    return np.array(np.clip(rounded + zero_point, limits.min, limits.max), np.int64)
