"""One input on its way in parts, each confirmed: what was sent, what the board has, what comes next.

The board takes the part that continues what it has, and says how far that is. So whatever is lost on the way
there or back, the host goes on from what was confirmed last. docs/protocol.md states the rules for people.
"""

from dataclasses import dataclass


@dataclass
class Parts:
    """Offsets count bytes of all inputs, one behind the other."""

    whole: int  # bytes of the inputs
    depth: int  # parts under way at most
    confirmed: int = 0
    sent: int = 0
    under_way: int = 0  # parts sent since the last confirmation

    def following(self, size: int) -> list[tuple[int, int]]:
        """The parts of at most `size` bytes to send now, as (begin, end); they count as sent."""
        parts = []
        while self.sent < self.whole and self.under_way < self.depth:
            end = min(self.sent + size, self.whole)
            parts.append((self.sent, end))
            self.sent = end
            self.under_way += 1
        return parts

    @property
    def all_sent(self) -> bool:
        """Whether the answer is what comes next."""
        return self.sent == self.whole

    def board_has(self, received: int) -> bool:
        """The board's word on how far it is; whether that is further than before. Where it is not, a part
        before was lost, or the board began anew: the host goes on from there."""
        further = self.confirmed < received <= self.sent
        if further:
            self.confirmed = received
            self.under_way -= 1
        else:
            self.confirmed = min(received, self.sent)
            self.go_back()
        return further

    def go_back(self) -> None:
        """Something was lost: send again what is not confirmed."""
        self.sent = self.confirmed
        self.under_way = 0
