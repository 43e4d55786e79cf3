"""How often a line damages what it carries, and how inputs go over it for the fewest bytes.

A frame of n bytes arrives whole with the probability exp(-rate * n), where `rate` is the faults a byte. So a
large frame on a bad line never does, while small parts cost what stands around them: the best size lies
between.
"""

import math

from contract.protocol import OVERHEAD, PART_HEADER, PART_REPLY_BODY

AROUND = OVERHEAD + 4  # bytes of a frame beside its body: with two delimiters, and COBS's
REPLY = AROUND + PART_REPLY_BODY.size
SIZES = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096)  # of parts
GAIN = 0.9  # parts must cost less than this share of whole frames: each also costs a turn of the line
FORGET_BYTES = 400_000  # after which what was seen counts half
WORST = 60.0  # exponents beyond mean never


class LineQuality:
    """What was seen of a line so far. It begins as a good one."""

    def __init__(self) -> None:
        self._bytes = 0.0
        self._lost = 0.0

    def arrived(self, size: int) -> None:
        """A frame of `size` bytes, answered."""
        self._bytes += size
        if self._bytes > FORGET_BYTES:
            self._bytes /= 2
            self._lost /= 2

    def lost(self, size: int) -> None:
        """A frame of `size` bytes, or its answer, was not."""
        self.arrived(size)
        self._lost += 1

    @property
    def rate(self) -> float:
        """Faults a byte, as far as can be told."""
        return self._lost / max(self._bytes, 1.0)

    def part_size(self, whole: int, largest: int, needed: bool = False) -> int | None:
        """How many bytes of an input of `whole` bytes each part has, at most `largest`, for the fewest bytes
        on the line; None where whole frames are as good, unless parts are `needed`."""
        sizes = [size for size in SIZES if size <= largest]
        if not sizes:
            return None  # whole inputs are as small
        best = min(sizes, key=lambda size: self._in_parts(whole, size))
        pays = self._in_parts(whole, best) < GAIN * self._sent(whole + AROUND)
        return best if pays or needed else None

    def _sent(self, size: int) -> float:
        """Bytes that are sent until a frame of `size` bytes has arrived."""
        return size * math.exp(min(self.rate * size, WORST))

    def _in_parts(self, whole: int, size: int) -> float:
        part = self._sent(size + PART_HEADER.size + AROUND)
        return math.ceil(whole / size) * (part + self._sent(REPLY))
