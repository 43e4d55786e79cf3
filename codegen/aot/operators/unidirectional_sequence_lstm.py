"""UNIDIRECTIONAL_SEQUENCE_LSTM: firmware/engines/aot/kernels/lstm.h."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import (
    INT32_MAX,
    Multiplier,
    quantize_multipliers,
    sum_factors,
)
from codegen.aot.arithmetic.sigmoid16 import sigmoid_table
from codegen.aot.call import Constant, KernelCall, Value
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    expect_operands,
    expect_shape,
    input_of,
    output_of,
    quantised,
)
from contract.errors import UserError
from contract.graph import ABSENT, Model, Operator
from contract.operators.unidirectional_sequence_lstm import (
    BIASES,
    CELL_STATE,
    HIDDEN_STATE,
    INPUT_WEIGHTS,
    RECURRENT_WEIGHTS,
    LstmOptions,
)

GATES = ("input", "forget", "cell", "output")
GATE_SCALE = 2.0**-12  # of what goes into an activation: Q3.12
ACTIVATION_SCALE = 2.0**-15  # of what comes out: Q0.15
INT16_MIN, INT16_MAX = -(2**15), 2**15 - 1


@dataclass(frozen=True)
class Gate:
    """The two dense layers of a gate, whose outputs are added."""

    weights: NDArray[np.int8]  # (units, inputs)
    recurrent: NDArray[np.int8]  # (units, units)
    bias: NDArray[np.int32]  # (units,)
    multipliers: tuple[Multiplier, Multiplier]


@dataclass(frozen=True)
class Lstm:
    """A checked UNIDIRECTIONAL_SEQUENCE_LSTM."""

    operator: Operator
    input: Activation  # (1, steps, inputs), or steps first
    output: Activation
    hidden: Activation  # (1, units), a variable
    cell: Activation  # (1, units), a variable of int16
    steps: int
    gates: tuple[Gate, Gate, Gate, Gate]
    cell_clip: int  # 0: none
    cell_power: int  # the cell's scale is 2 to this
    multipliers: tuple[Multiplier, Multiplier, Multiplier]  # forget * cell, input * cell gate, output * tanh
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Lstm:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(24, 25))
    options = operator.options
    assert isinstance(options, LstmOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    _expect_plain(model, operator, options)
    hidden = quantised(model.tensors[operator.inputs[HIDDEN_STATE]], operator)
    cell = quantised(model.tensors[operator.inputs[CELL_STATE]], operator, ("INT16",))
    if len(input.shape) != 3:
        raise UserError(f"{operator} reads {input.tensor} of shape {list(input.shape)}; {CONVERT_AGAIN}")
    steps, batch = input.shape[:2] if options.time_major else input.shape[1::-1]
    units = hidden.tensor.elements
    if (
        batch != 1
        or cell.tensor.elements != units
        or not hidden.tensor.is_variable
        or not cell.tensor.is_variable
    ):
        raise UserError(
            f"{operator} has a batch of {batch}, {hidden.tensor} and {cell.tensor}; the engine runs a "
            "batch of 1 with "
            f"two states of the same size; {CONVERT_AGAIN}"
        )
    expect_shape(operator, output.tensor, (*input.shape[:2], units))
    power = round(math.log2(cell.scale))
    if cell.scale != 2.0**power or cell.zero_point != 0 or not -27 <= power <= 0:
        raise UserError(
            f"{operator} has {cell.tensor} of scale {cell.scale:g}, no power of two; {CONVERT_AGAIN}"
        )
    clip = max(INT16_MIN, min(INT16_MAX, options.cell_clip / cell.scale))
    factors = (
        ACTIVATION_SCALE * cell.scale / cell.scale,
        ACTIVATION_SCALE * ACTIVATION_SCALE / cell.scale,
        ACTIVATION_SCALE * ACTIVATION_SCALE / hidden.scale,
    )
    forget, update, out = quantize_multipliers(factors, str(operator))
    if max(forget.shift, update.shift, out.shift) > 0:
        raise UserError(f"{operator} has states whose scales are too small; {CONVERT_AGAIN}")
    sizes = (input.shape[2], units)
    first, second, third, fourth = (
        _gate(model, operator, place, sizes, (input, hidden)) for place in range(len(GATES))
    )
    return Lstm(
        operator=operator,
        input=input,
        output=output,
        hidden=hidden,
        cell=cell,
        steps=steps,
        gates=(first, second, third, fourth),
        cell_clip=int(clip) if options.cell_clip > 0 else 0,
        cell_power=power,
        multipliers=(forget, update, out),
        description=(
            f"{operator.name} of {units} units, {steps} steps",
            describe.tensor("input", input.tensor),
            describe.tensor("cell", cell.tensor),
            describe.tensor("output", output.tensor),
        ),
    )


def _expect_plain(model: Model, operator: Operator, options: LstmOptions) -> None:
    """Refuse what TensorFlow Lite Micro has not, either."""
    used = {*INPUT_WEIGHTS, *RECURRENT_WEIGHTS, *BIASES, HIDDEN_STATE, CELL_STATE, 0}
    given = {place for place, index in enumerate(operator.inputs) if index != ABSENT}
    if missing := used - given:
        raise UserError(f"{operator} lacks its inputs {sorted(missing)}; {CONVERT_AGAIN}")
    if more := given - used:
        raise UserError(
            f"{operator} has peepholes, a projection or a layer normalisation (inputs {sorted(more)}), which "
            "TensorFlow Lite Micro does not run; leave them out"
        )
    if options.activation != "TANH":
        raise UserError(
            f"{operator} has the activation {options.activation}, the engine's is TANH; {CONVERT_AGAIN}"
        )


def _gate(
    model: Model,
    operator: Operator,
    place: int,
    sizes: tuple[int, int],
    sources: tuple[Activation, Activation],
) -> Gate:
    """The dense layers of one gate. UserError where their shapes do not fit, or their sums leave 32 bits."""
    matrices, multipliers = [], []
    units = sizes[1]
    bias = model.tensors[operator.inputs[BIASES[place]]]
    if (bias.type, bias.shape) != ("INT32", (units,)) or bias.data is None:
        raise UserError(
            f"{operator} has a bias of type {bias.type} in {bias}, not {units} INT32; {CONVERT_AGAIN}"
        )
    largest = int(np.abs(bias.values.astype(np.int64)).max(initial=0))
    for indices, size, source in zip((INPUT_WEIGHTS, RECURRENT_WEIGHTS), sizes, sources, strict=True):
        weights = quantised(model.tensors[operator.inputs[indices[place]]], operator, constant=True)
        expect_shape(operator, weights.tensor, (units, size))
        if weights.tensor.data is None or weights.zero_point != 0:
            raise UserError(
                f"{operator} has weights in {weights.tensor} that are no constant of zero point 0; "
                f"{CONVERT_AGAIN}"
            )
        (multiplier,) = quantize_multipliers(
            sum_factors(source.scale, (weights.scale,), GATE_SCALE), str(operator)
        )
        if (size * 255 * 128 + largest) << max(0, multiplier.shift) > INT32_MAX:
            raise UserError(f"{operator} can overflow its 32-bit accumulators; {CONVERT_AGAIN}")
        matrices.append(np.array(weights.tensor.values, np.int8))
        multipliers.append(multiplier)
    values = np.array(bias.values, np.int32)
    return Gate(matrices[0], matrices[1], values, (multipliers[0], multipliers[1]))


def portable(lstm: Lstm) -> KernelCall:
    """The plain kernel."""
    units, inputs = lstm.gates[0].weights.shape
    # The tanh takes Q3.12, or more bits where the cell's scale is smaller: Tanh in lstm_eval.cc.
    shift = 12 + lstm.cell_power
    gates: dict[str, Value] = {
        f"{name}_gate": _fields(name, gate) for name, gate in zip(GATES, lstm.gates, strict=True)
    }
    return KernelCall(
        operators=(lstm.operator,),
        kernel="lstm",
        header="kernels/lstm.h",
        inputs=(lstm.input.index,),
        outputs=(lstm.output.index, lstm.hidden.index, lstm.cell.index),
        parameters={
            "steps": lstm.steps,
            "inputs": inputs,
            "units": units,
            "input_zero_point": lstm.input.zero_point,
            "hidden_zero_point": lstm.hidden.zero_point,
            **gates,
            "cell_clip": lstm.cell_clip,
            "forget": _scaling(lstm.multipliers[0]),
            "update": _scaling(lstm.multipliers[1]),
            "hidden": _scaling(lstm.multipliers[2]),
            "tanh_multiplier": 3 << shift if shift >= 0 else 3,
            "tanh_shift": max(0, -shift),
            "sigmoid": Constant("sigmoid", sigmoid_table()),
        },
        description=lstm.description,
        scratch=2 * units,
    )


def _fields(name: str, gate: Gate) -> Mapping[str, Value]:
    return {
        "weights": Constant(f"{name}_weights", gate.weights),
        "recurrent": Constant(f"{name}_recurrent", gate.recurrent),
        "bias": Constant(f"{name}_bias", gate.bias),
        "multiplier": gate.multipliers[0].multiplier,
        "shift": gate.multipliers[0].shift,
        "recurrent_multiplier": gate.multipliers[1].multiplier,
        "recurrent_shift": gate.multipliers[1].shift,
    }


def _scaling(multiplier: Multiplier) -> Mapping[str, Value]:
    """The fields of struct thimble_scaling; what it scales has no zero point."""
    return {"zero_point": 0, "multiplier": multiplier.multiplier, "right_shift": -multiplier.shift}
