"""AVERAGE_POOL_2D: firmware/engines/aot/kernels/average_pool_2d.h."""

from codegen.aot.call import KernelCall, of_batch
from codegen.aot.families.pooling import Pooling, pooling_fields, pooling_overlap, read_pooling
from contract.errors import UserError
from contract.graph import Model, Operator

# A sum of as many -128, and half as many to round it, fits in 32 bits: 128 taps + taps / 2 <= 2^31.
MOST_TAPS = 2**32 // 257


def read(model: Model, operator: Operator) -> Pooling:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    pool = read_pooling(model, operator)
    _, height, width, _ = pool.input.shape
    taps = min(pool.options.window[0], height) * min(pool.options.window[1], width)
    if taps > MOST_TAPS:
        raise UserError(
            f"{operator} averages {taps:,} values, the engine's sums hold at most {MOST_TAPS:,}; "
            "make its window smaller"
        )
    return pool


def portable(pool: Pooling) -> KernelCall:
    """The plain kernel."""
    call = KernelCall(
        operators=(pool.operator,),
        kernel="average_pool_2d",
        header="kernels/average_pool_2d.h",
        inputs=(pool.input.index,),
        outputs=(pool.output.index,),
        parameters=pooling_fields(pool),
        overlaps=pooling_overlap(pool),
        description=pool.description,
    )
    return of_batch(call, pool.input.shape[0])
