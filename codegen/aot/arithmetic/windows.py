"""Where the window of a convolution or a pooling lies: tensorflow/lite/kernels/padding.h."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Windows:
    """The windows along one dimension: output i covers inputs i * stride - padding + dilation * tap."""

    outputs: int  # 0 or less where the window is larger than the input
    padding: int  # before the first input
    furthest: int  # the greatest number that computing with these windows needs


def windows(
    padding: str, inputs: int, taps: int, stride: int, dilation: int = 1, margins: tuple[int, int] = (0, 0)
) -> Windows:
    """ComputeOutSize and ComputePadding for the paddings SAME and VALID, for `inputs` between two margins."""
    reach = (taps - 1) * dilation + 1
    inputs += sum(margins)
    outputs = -(-inputs // stride) if padding == "SAME" else (inputs - reach) // stride + 1
    end = (outputs - 1) * stride + reach
    before = max(0, end - inputs) // 2 + margins[0]
    # What ComputeOutSize rounds up, where the last window ends, and what thimble_clip_window rounds up.
    furthest = max(inputs + stride, reach, end, inputs + before + (dilation if taps > 1 else 1))
    return Windows(outputs, before, furthest)
