"""Operators that are a function of one int8 value: a table of 256 outputs
(firmware/engines/aot/kernels/lookup.h)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN
from codegen.aot.call import Constant, KernelCall
from codegen.aot.operands import Activation, expect_operands, expect_shape, input_of, output_of
from contract.graph import Model, Operator


@dataclass(frozen=True)
class Lookup:
    """A checked operator of one input: its outputs for the input bytes -128 to 127."""

    operator: Operator
    input: Activation  # int8 or uint8
    output: Activation  # of the input's shape, int8 or uint8
    table: NDArray[np.int8]  # (256,): the bytes of the outputs
    description: tuple[str, ...]


def read_lookup(
    model: Model, operator: Operator, function: Callable[[Activation, Activation], Callable[[int], int]]
) -> Lookup:
    """The operator with everything checked. `function(input, output)` gives what turns an input's value into
    an output's, which is then clamped to int8."""
    expect_operands(operator, inputs=range(1, 2))
    input, output = input_of(model, operator), output_of(model, operator)
    return lookup_of(operator, input, output, function(input, output))


def lookup_of(
    operator: Operator, input: Activation, output: Activation, compute: Callable[[int], int]
) -> Lookup:
    """The operator whose output for each value of the input is `compute(value)`, clamped to its type.

    The kernel takes every byte for an int8, also where input or output are uint8.
    """
    expect_shape(operator, output.tensor, input.shape)
    inputs = np.arange(INT8_MIN, INT8_MAX + 1).astype(np.int8).view(input.tensor.dtype)
    limits = np.iinfo(output.tensor.dtype)
    values = np.clip([compute(int(value)) for value in inputs], limits.min, limits.max)
    return Lookup(
        operator=operator,
        input=input,
        output=output,
        table=values.astype(output.tensor.dtype).view(np.int8),
        description=(
            f"{operator.name}, as a table",
            describe.tensor("input", input.tensor),
            describe.tensor("output", output.tensor),
        ),
    )


def lookup_call(lookup: Lookup) -> KernelCall:
    """The call of the one kernel that they share."""
    return KernelCall(
        operators=(lookup.operator,),
        kernel="lookup",
        header="kernels/lookup.h",
        inputs=(lookup.input.index,),
        outputs=(lookup.output.index,),
        parameters={"count": lookup.input.tensor.elements, "table": Constant("table", lookup.table)},
        description=lookup.description,
        in_place=(lookup.input.index,),
    )
