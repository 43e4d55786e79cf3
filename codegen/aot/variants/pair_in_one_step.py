"""The sum, the difference and the product of two tensors, requantised in one step:
firmware/engines/aot/variants/pair_in_one_step.h."""

from dataclasses import replace
from functools import lru_cache

from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN
from codegen.aot.arithmetic.one_step import Channel, Requantization, common_shift, solve
from codegen.aot.arithmetic.pair_step import VALUES, PairStep, solve_pair
from codegen.aot.call import KernelCall
from codegen.aot.families.addition import Addition, Scaling, addition_call, scaling_of
from codegen.aot.families.elementwise import block_fields
from codegen.aot.operators import add, mul, sub
from codegen.aot.variants.variant import Variant
from contract.graph import Model, Operator

HEADER = "variants/pair_in_one_step.h"
REASON = "requantised in one step, proven for all pairs"
NO_STEP = "its pairs have no form of one shift"


def match_add(model: Model, operator: Operator) -> KernelCall | str:
    """The call, or why there is none."""
    return _addition(add.read(model, operator))


def match_sub(model: Model, operator: Operator) -> KernelCall | str:
    """The call, or why there is none."""
    return _addition(sub.read(model, operator))


def _addition(addition: Addition) -> KernelCall | str:
    first, second = addition.inputs
    scale = addition.output.scale
    step = _step(scaling_of(addition), first.scale / scale, addition.sign * second.scale / scale)
    if step is None:
        return NO_STEP
    return replace(
        addition_call(addition),
        kernel="add_in_one_step",
        header=HEADER,
        parameters={
            "block": block_fields(addition.block),
            "factor_1": step.factors[0],
            "factor_2": step.factors[1],
            "offset": step.offset,
            "shift": step.shift,
            "minimum": addition.limits[0],
            "maximum": addition.limits[1],
        },
        reason=REASON,
    )


@lru_cache(maxsize=256)  # networks repeat their blocks
def _step(scaling: Scaling, factor_1: float, factor_2: float) -> PairStep | None:
    outputs = scaling.outputs(VALUES[:, None], VALUES[None, :])
    return solve_pair(outputs, (factor_1, factor_2), scaling.limits)


def match_mul(model: Model, operator: Operator) -> KernelCall | str:
    """The call, or why there is none."""
    checked = mul.read(model, operator)
    first, second = checked.inputs
    values = [(INT8_MIN - one.zero_point, INT8_MAX - one.zero_point) for one in (first, second)]
    products = [a * b for a in values[0] for b in values[1]]
    least, greatest = min(products), max(products)
    requantization = Requantization(checked.multiplier, checked.output.zero_point, checked.limits)
    channel = Channel(requantization, least, greatest, 0)
    factor = first.scale * second.scale / checked.output.scale
    align = 31 - max(abs(least), abs(greatest), 1).bit_length()
    shift = common_shift([channel], [factor], align)
    found = solve(channel, factor, align, shift, clamped=True) if shift >= 0 else None
    if found is None:
        return NO_STEP
    return replace(
        mul.portable(checked),
        kernel="mul_in_one_step",
        header=HEADER,
        parameters={
            "block": block_fields(checked.block),
            "zero_point_1": first.zero_point,
            "zero_point_2": second.zero_point,
            "align": align,
            "multiplier": found[0],
            "offset": found[1],
            "shift": shift,
            "minimum": checked.limits[0],
            "maximum": checked.limits[1],
        },
        reason=REASON,
    )


ADD, SUB, MUL = (
    Variant(
        name="one step",
        operator=operator,
        goals=("speed", "size"),
        about="requantised by one multiplication and one shift, where that is proven for all pairs",
        match=match,
    )
    for operator, match in (("ADD", match_add), ("SUB", match_sub), ("MUL", match_mul))
)
