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
    """A checked operator of one input: its outputs for the inputs from -128 to 127."""

    operator: Operator
    input: Activation
    output: Activation  # of the input's shape
    table: NDArray[np.int8]  # (256,)
    description: tuple[str, ...]


def read_lookup(
    model: Model, operator: Operator, function: Callable[[Activation, Activation], Callable[[int], int]]
) -> Lookup:
    """The operator with everything checked. `function(input, output)` gives what turns an input's value into
    an output's, which is then clamped to int8."""
    expect_operands(operator, inputs=range(1, 2))
    input, output = input_of(model, operator), output_of(model, operator)
    expect_shape(operator, output.tensor, input.shape)
    compute = function(input, output)
    values = [compute(value) for value in range(INT8_MIN, INT8_MAX + 1)]
    return Lookup(
        operator=operator,
        input=input,
        output=output,
        table=np.clip(values, INT8_MIN, INT8_MAX).astype(np.int8),
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
    )
