"""How far a kernel's output may reach into its input: what it has read is free for what it writes.

A kernel walks its output pixel by pixel. Forward, from the first to the last, the output may lie before the
input by some bytes or more; backward, from the last to the first, behind it. Each limit follows from what is
still read after something was written, for every pixel of the layer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.windows import Windows

FAR = 1 << 40  # bytes: no limit


@dataclass(frozen=True)
class Overlap:
    """Where an output may begin, in bytes from where an input begins, though they overlap."""

    most: int  # it may there or before, if the kernel walks forward
    least: int = FAR  # it may there or behind, if the kernel walks backward; FAR where it cannot


# A kernel that reads each element before it writes the one in its place, of the same size.
IN_PLACE = Overlap(0)


def row_overlap(rows: int, input_bytes: int, output_bytes: int) -> Overlap:
    """For a kernel that walks forward and has read a whole row of the input, of so many bytes, before it
    writes the row of the output."""
    if rows == 1:
        return Overlap(FAR)
    gained = input_bytes - output_bytes  # each row
    return Overlap(min(gained, (rows - 1) * gained))


def common_bytes(output: int, input: int, overlap: Overlap, alignment: int) -> int:
    """The most bytes that an output and an input of these sizes can share, at distances that are multiples of
    `alignment`."""
    nearest = []
    if overlap.most > -FAR:
        nearest.append(min(overlap.most // alignment * alignment, min(0, input - output)))
    if overlap.least < FAR:
        nearest.append(max(-(-overlap.least // alignment) * alignment, max(0, input - output)))
    return max([0, *(min(distance + output, input) - max(distance, 0) for distance in nearest)])


@dataclass(frozen=True)
class Reads:
    """Along one dimension: the first and the last place of the input that each place of the output is made
    from."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def of(self, outer: "Reads") -> "Reads":
        """What is read where `outer` reads the places that these make."""
        return Reads(self.first[outer.first], self.last[outer.last])


def reads(windows: Windows, inputs: int, taps: int, stride: int, dilation: int = 1) -> Reads:
    """Those of a window, clipped to the input."""
    origins = np.arange(windows.outputs) * stride - windows.padding
    first = np.clip(origins, 0, inputs - 1)
    last = np.clip(origins + (taps - 1) * dilation, 0, inputs - 1)
    return Reads(first, last)


def every(places: int) -> Reads:
    """Each place is made from the same place."""
    return Reads(np.arange(places), np.arange(places))


def image_overlap(
    rows: Reads,
    columns: Reads,
    width: int,
    channels: int,
    outputs: int,
    group: int | None = None,
    by_channel: bool = False,
) -> Overlap:
    """For an image with this `width` and these `channels`, and `outputs` channels a pixel of the output.

    `group` is how many pixels of a row are written after all that they are made from was read; None where a
    pixel's channels are written one by one, while others of its window are still read. `by_channel` says that
    a channel is made from the channel of the same number alone.
    """
    first = ((rows.first[:, None] * width + columns.first) * channels).ravel()
    behind = ((rows.last[:, None] * width + columns.last + 1) * channels).ravel()
    from_here = np.minimum.accumulate(first[::-1])[::-1]  # the first byte that this or a later pixel reads
    up_to_here = np.maximum.accumulate(behind)  # behind the last byte that this or an earlier pixel reads
    pixels = np.arange(len(first))
    if group is None:
        # A pixel is complete before the next is begun, its own window counts as read until then.
        most = from_here - (pixels + 1) * outputs
        if by_channel:
            most = from_here - pixels * outputs
        return Overlap(int(most.min()), int((up_to_here - pixels * outputs).max()))
    row_length = len(columns.first)
    starts = pixels[pixels % row_length % group == 0][1:]  # of all groups but the first
    if not len(starts):
        return Overlap(FAR, -FAR)
    most = from_here[starts] - starts * outputs
    least = up_to_here[starts - 1] - starts * outputs
    return Overlap(int(most.min()), int(least.max()))
