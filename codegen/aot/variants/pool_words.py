"""Poolings and means four channels at a time: firmware/engines/aot/variants/pool_words.h."""

import math
from dataclasses import replace

from codegen.aot.call import KernelCall
from codegen.aot.families.pooling import Pooling, pooling_fields
from codegen.aot.families.summation import Summation
from codegen.aot.operators import average_pool_2d, max_pool_2d, mean
from codegen.aot.operators import sum as sum_
from codegen.aot.variants.variant import Variant
from contract.graph import Model, Operator

HEADER = "variants/pool_words.h"
TOGETHER = 4  # channels of a word
REASON = "four channels at a time"


def match_max(model: Model, operator: Operator) -> KernelCall | str:
    """The call, or why there is none."""
    pool = max_pool_2d.read(model, operator)
    return _pooling(pool, max_pool_2d.portable(pool), "max_pool_words")


def match_average(model: Model, operator: Operator) -> KernelCall | str:
    """The call, or why there is none."""
    pool = average_pool_2d.read(model, operator)
    return _pooling(pool, average_pool_2d.portable(pool), "average_pool_words")


def _pooling(pool: Pooling, portable: KernelCall, kernel: str) -> KernelCall | str:
    batch, _, _, channels = pool.input.shape
    if batch != 1:
        return f"its batch is {batch}"
    if channels < TOGETHER:
        return f"it has {channels} channels of the {TOGETHER} that are computed together"
    parameters = {"pool": pooling_fields(pool)}
    return replace(portable, kernel=kernel, header=HEADER, parameters=parameters, overlaps={}, reason=REASON)


def match_mean(model: Model, operator: Operator) -> KernelCall | str:
    """The call, or why there is none."""
    summation = mean.read(model, operator)
    return _summation(summation, mean.portable(summation))


def match_sum(model: Model, operator: Operator) -> KernelCall | str:
    """The call, or why there is none."""
    summation = sum_.read(model, operator)
    return _summation(summation, sum_.portable(summation))


def _summation(summation: Summation, portable: KernelCall) -> KernelCall | str:
    channels = summation.kept.sizes[-1]
    if summation.kept != replace(summation.kept, sizes=(channels,), strides=((1,),)):
        return "it keeps other dimensions than the last one"
    if summation.reduced.strides != ((channels,),):
        return "it does not add up all pixels"
    if channels < TOGETHER:
        return f"it has {channels} channels of the {TOGETHER} that are computed together"
    return replace(
        portable,
        kernel="mean_words",
        header=HEADER,
        parameters={
            "count": math.prod(summation.reduced.sizes),
            "channels": channels,
            "zero_points": portable.parameters["zero_points"],
            "requantization": portable.parameters["requantization"],
        },
        reason=REASON,
    )


MAX, AVERAGE, MEAN, SUM = (
    Variant(
        name="words",
        operator=operator,
        goals=("speed",),
        about=f"four channels at a time{where}",
        match=match,
    )
    for operator, match, where in (
        ("MAX_POOL_2D", match_max, ""),
        ("AVERAGE_POOL_2D", match_average, ""),
        ("MEAN", match_mean, ", over all pixels"),
        ("SUM", match_sum, ", over all pixels"),
    )
)
