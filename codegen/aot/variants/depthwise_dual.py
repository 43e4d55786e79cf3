"""A depthwise convolution, four channels at a time: firmware/engines/aot/variants/depthwise_dual.h."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from codegen.aot.call import Constant, KernelCall
from codegen.aot.families.convolution import convolution_overlap, filter_fields, windows_inside
from codegen.aot.operators.depthwise_conv_2d import Depthwise, read
from codegen.aot.variants.one_step import one_step, reason_of
from codegen.aot.variants.variant import Variant
from contract.graph import Model, Operator

GROUP = 4  # channels in a word


def match(model: Model, operator: Operator, unrolled: bool) -> KernelCall | str:
    """The call, or why there is none. `unrolled` spells out the taps."""
    conv = read(model, operator)
    batch, height, width, channels = conv.input.shape
    if batch != 1:
        return f"its batch is {batch}"
    if conv.depth_multiplier != 1:
        return f"its depth multiplier is {conv.depth_multiplier}"
    filter_height, filter_width, _ = conv.weights.shape
    taps = filter_height * filter_width
    requantized = one_step(conv, conv.filters, conv.limits, np.zeros(channels, np.int64))
    return KernelCall(
        operators=(operator,),
        kernel="depthwise_dual",
        header="variants/depthwise_dual.h",
        inputs=(conv.input.index,),
        outputs=(conv.output.index,),
        parameters={
            "input_height": height,
            "input_width": width,
            "channels": channels,
            **filter_fields(conv, (filter_height, filter_width)),
            "padding_value": conv.input.zero_point,
            "output_height": conv.rows.outputs,
            "output_width": conv.columns.outputs,
            "unrolled": int(unrolled),
            "taps": taps,
            "weights": Constant("weights", _words(conv)),
            "requantization": requantized,
            "backward": 0,
        },
        overlaps=convolution_overlap(conv, (filter_height, filter_width), by_channel=True),
        description=conv.description,
        scratch=8 * taps + -(-channels // GROUP) * GROUP,
        instructions=_instructions(conv, "steps" in requantized, unrolled),
        reason=reason_of(requantized),
    )


def _instructions(conv: Depthwise, in_one_step: bool, unrolled: bool) -> int:
    """Fitted to what GCC makes of it."""
    height, width, channels = conv.weights.shape
    taps = height * width
    pixels = conv.rows.outputs * conv.columns.outputs
    groups = -(-channels // GROUP)
    outputs = GROUP * (8 if in_one_step else 25) + 13
    if not unrolled:
        return pixels * (groups * (12 * taps + outputs) + 11 * taps + 40)
    outside = pixels - windows_inside(conv, (height, width))
    return pixels * (groups * (8 * taps + outputs) + 24) + outside * (groups * taps + 100)


def _words(conv: Depthwise) -> NDArray[np.int32]:
    """For each four channels and each tap the int16 of channels 0 and 2, then those of channels 1 and 3.

    The last four of a number of channels that is no multiple of four overlap those before them, which have
    weights of 0 there.
    """
    height, width, channels = conv.weights.shape
    weights = conv.weights.reshape(height * width, channels).astype(np.int16)
    missing = -channels % GROUP
    whole = channels - channels % GROUP
    zeros = np.zeros((height * width, missing), np.int16)
    last = [zeros, weights[:, whole:]] if whole else [weights[:, whole:], zeros]
    padded = np.concatenate([weights[:, :whole], *last], axis=1)
    groups = padded.reshape(height * width, -1, GROUP).transpose(1, 0, 2)  # group, tap, channel
    return np.ascontiguousarray(groups[..., [0, 2, 1, 3]]).view(np.int32).reshape(len(groups), -1)


_ABOUT = "four channels at a time, any shape with a depth multiplier of 1"
UNROLLED = Variant(
    name="dual unrolled",
    operator="DEPTHWISE_CONV_2D",
    goals=("speed",),
    about=f"{_ABOUT}; up to nine taps spelled out",
    match=partial(match, unrolled=True),
)
VARIANT = Variant(
    name="dual",
    operator="DEPTHWISE_CONV_2D",
    goals=("size",),
    about=_ABOUT,
    match=partial(match, unrolled=False),
)
