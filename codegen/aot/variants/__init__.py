"""The kernel variants in the order in which they are tried; the first that fits is taken.

A variant is one file here with its header in firmware/engines/aot/variants/, and one line of VARIANTS.
"""

from codegen.aot.variants import (
    conv_2d_chained,
    conv_2d_dual,
    conv_2d_strips,
    conv_2d_winograd,
    conv_pool_packed,
    depthwise_columns,
    depthwise_dual,
    depthwise_of_one_channel,
    fully_connected_dual,
    fully_connected_lanes,
    pair_in_one_step,
    pool_words,
    softmax_table,
)
from codegen.aot.variants.variant import Variant

VARIANTS: tuple[Variant, ...] = (
    conv_pool_packed.VARIANT,
    conv_2d_winograd.VARIANT,
    conv_2d_chained.VARIANT,
    conv_2d_strips.VARIANT,
    conv_2d_dual.VARIANT,
    depthwise_of_one_channel.CHAINED,
    depthwise_of_one_channel.DUAL,
    depthwise_columns.VARIANT,
    depthwise_dual.UNROLLED,
    depthwise_dual.VARIANT,
    fully_connected_lanes.CHAINED,
    fully_connected_lanes.PAIRED,
    fully_connected_dual.VARIANT,
    pair_in_one_step.ADD,
    pair_in_one_step.SUB,
    pair_in_one_step.MUL,
    pool_words.MAX,
    pool_words.AVERAGE,
    pool_words.MEAN,
    pool_words.SUM,
    softmax_table.VARIANT,
)
