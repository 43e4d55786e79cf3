"""Operators that are a function of one int8 value: a table of 256 outputs
(firmware/engines/aot/kernels/lookup.h)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN
from codegen.aot.call import Alias, Constant, KernelCall
from codegen.aot.channels import Channels, Reach, alike, channels_of
from codegen.aot.operands import Activation, expect_operands, expect_shape, input_of, output_of
from codegen.aot.overlap import IN_PLACE
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


def lookup_call(lookup: Lookup) -> KernelCall | Alias:
    """The call of the one kernel that they share; none where every byte stays as it is."""
    if np.array_equal(lookup.table, np.arange(INT8_MIN, INT8_MAX + 1)):
        title, *rest = lookup.description
        return Alias(
            operators=(lookup.operator,),
            inputs=(lookup.input.index,),
            outputs=(lookup.output.index,),
            description=(f"{title}: the same bytes", *rest),
        )
    return KernelCall(
        operators=(lookup.operator,),
        kernel="lookup",
        header="kernels/lookup.h",
        inputs=(lookup.input.index,),
        outputs=(lookup.output.index,),
        parameters={"count": lookup.input.tensor.elements, "table": Constant("table", lookup.table)},
        description=lookup.description,
        overlaps={lookup.input.index: IN_PLACE},
    )


@channels_of.register
def _(lookup: Lookup) -> Channels | None:
    if lookup.input.tensor.type != "INT8" or lookup.output.tensor.type != "INT8" or not lookup.input.shape:
        return None

    def reach(reaches: Sequence[Reach]) -> Reach:
        (before,) = reaches
        parts = [
            lookup.table[least - INT8_MIN : greatest - INT8_MIN + 1]
            for least, greatest in zip(before.least, before.greatest, strict=True)
        ]
        return Reach(
            np.array([part.min() for part in parts], np.int64),
            np.array([part.max() for part in parts], np.int64),
        )

    ends = [(one.index, one.shape[-1]) for one in (lookup.input, lookup.output)]
    return alike(ends[:1], ends[1], reach)
