"""Which maximum pooling can be done in one pass with the convolution before it."""

from dataclasses import dataclass

from codegen.aot.families.pooling import Pooling
from codegen.aot.operators import conv_2d, max_pool_2d
from codegen.aot.operators.conv_2d import Convolution
from contract.graph import Model, Operator


@dataclass(frozen=True)
class Pair:
    """A convolution, and the pooling that alone reads its output, where there is one.

    The greatest of some sums, requantised once, is the greatest of the requantised sums, as requantisation
    never decreases; so pooling can go first.
    """

    conv: Convolution
    pool: Pooling | None
    limits: tuple[int, int]  # of the output, by both fused activations

    @property
    def operators(self) -> tuple[Operator, ...]:
        return (self.conv.operator,) if self.pool is None else (self.conv.operator, self.pool.operator)

    @property
    def description(self) -> tuple[str, ...]:
        """The lines of a comment."""
        if self.pool is None:
            return self.conv.description
        return (*self.conv.description, f"then {self.pool.description[0]}", self.pool.description[-1])

    @property
    def output(self) -> int:
        """The tensor's index."""
        return (self.conv if self.pool is None else self.pool).output.index


def pair_of(model: Model, operator: Operator) -> Pair:
    """The convolution `operator` with the pooling that reads its output, if that can be fused.

    It cannot where something else reads that output, too, or where windows overlap, as the sums in two
    windows would be computed twice.
    """
    conv = conv_2d.read(model, operator)
    alone = Pair(conv, None, conv.limits)
    readers = model.readers.get(conv.output.index, ())
    if len(readers) != 1 or readers[0].name != "MAX_POOL_2D" or conv.output.index in model.outputs:
        return alone
    pool = max_pool_2d.read(model, readers[0])
    limits = (max(conv.limits[0], pool.limits[0]), min(conv.limits[1], pool.limits[1]))
    overlap = any(
        window > stride for window, stride in zip(pool.options.window, pool.options.stride, strict=True)
    )
    if overlap or limits[0] > limits[1]:
        return alone
    return Pair(conv, pool, limits)
