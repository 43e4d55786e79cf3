"""Operators that move values without computing: copies of blocks (firmware/engines/aot/kernels/copy.h)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from codegen.aot import describe
from codegen.aot.arithmetic.strides import Block, merged, row_major
from codegen.aot.call import Alias, Constant, KernelCall
from codegen.aot.operands import Activation
from contract.graph import Model, Operator, Tensor


@dataclass(frozen=True)
class Move:
    """A block of `input` that goes to a block of `output`, both walked with strides of their own."""

    input: Activation
    output: Activation
    block: Block  # with the strides of the input and of the output, in elements
    input_start: int = 0
    output_start: int = 0


@dataclass(frozen=True)
class Movement:
    """A checked operator that moves values."""

    operator: Operator
    moves: tuple[Move, ...]
    description: tuple[str, ...]
    fill: int | None = None  # what the whole output is before anything is moved


def move(
    input: Activation,
    output: Activation,
    sizes: Sequence[int],
    input_strides: Sequence[int],
    output_strides: Sequence[int],
    input_start: int = 0,
    output_start: int = 0,
) -> Move:
    """A block of these sizes."""
    return Move(input, output, merged(sizes, [input_strides, output_strides]), input_start, output_start)


def whole(input: Activation, output: Activation, strides: Sequence[int], start: int = 0) -> Move:
    """All of the input, walked in the output with these strides."""
    return move(input, output, input.shape, row_major(input.shape), strides, output_start=start)


def to_whole(input: Activation, output: Activation, strides: Sequence[int], start: int = 0) -> Move:
    """All of the output, from the input walked with these strides."""
    return move(input, output, output.shape, strides, row_major(output.shape), input_start=start)


def described(operator: Operator, model: Model, *tensors: Tensor) -> tuple[str, ...]:
    """The lines of a comment."""
    outputs = [model.tensors[index] for index in operator.outputs]
    return (
        operator.name,
        *(describe.tensor("input", tensor) for tensor in tensors),
        *(describe.tensor("output", tensor) for tensor in outputs),
    )


def movement_calls(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """A call for what fills the output, if anything does, and one for each block; no call where the output
    has the bytes of the input."""
    if _is_identity(movement):
        (one,) = movement.moves
        title, *rest = movement.description
        return (
            Alias(
                operators=(movement.operator,),
                inputs=(one.input.index,),
                outputs=(one.output.index,),
                description=(f"{title}: the same bytes", *rest),
            ),
        )
    calls = []
    if movement.fill is not None:
        output = movement.moves[0].output
        calls.append(
            KernelCall(
                operators=(movement.operator,),
                kernel="fill",
                header="kernels/fill.h",
                inputs=(),
                outputs=(output.index,),
                parameters={"count": output.tensor.elements, "value": movement.fill},
                description=movement.description,
            )
        )
    calls.extend(_copy(movement, one) for one in movement.moves)
    return tuple(calls)


def _is_identity(movement: Movement) -> bool:
    """Whether all of one activation becomes all of the output, in the same order."""
    if len(movement.moves) != 1 or len(movement.operator.outputs) != 1:
        return False
    (one,) = movement.moves
    elements = one.input.tensor.elements
    return (
        one.input.tensor.data is None
        and elements == one.output.tensor.elements
        and one.block.sizes == (elements,)
        and (elements == 1 or one.block.strides == ((1,), (1,)))
        and one.input_start == one.output_start == 0
    )


def _copy(movement: Movement, one: Move) -> KernelCall:
    sizes = one.block.sizes
    from_strides, to_strides = one.block.strides
    description = movement.description
    if len(movement.moves) > 1:
        sides = describe.tensor("input", one.input.tensor), describe.tensor("output", one.output.tensor)
        description = (description[0], *sides)
    return KernelCall(
        operators=(movement.operator,),
        kernel="copy",
        header="kernels/copy.h",
        inputs=(one.input.index,),
        outputs=(one.output.index,),
        parameters={
            "rows": math.prod(sizes[:-1]),
            "columns": sizes[-1],
            "rank": len(sizes),
            "sizes": _array("sizes", sizes),
            "strides_1": _array("strides_1", from_strides),
            "strides_2": _array("strides_2", to_strides),
            "step_1": from_strides[-1],
            "step_2": to_strides[-1],
            "input_start": one.input_start,
            "output_start": one.output_start,
        },
        description=description,
    )


def _array(name: str, values: tuple[int, ...]) -> Constant:
    return Constant(name, np.array(values, np.int32))
