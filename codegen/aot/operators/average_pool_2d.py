"""AVERAGE_POOL_2D: firmware/engines/aot/kernels/average_pool_2d.h. Its windows are those of MAX_POOL_2D."""

from codegen.aot.call import KernelCall
from codegen.aot.operators import max_pool_2d
from codegen.aot.operators.max_pool_2d import Pooling
from contract.errors import UserError
from contract.graph import Model, Operator

# A sum of as many -128, and half as many to round it, fits in 32 bits: 128 taps + taps / 2 <= 2^31.
MOST_TAPS = 2**32 // 257


def read(model: Model, operator: Operator) -> Pooling:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    pool = max_pool_2d.read(model, operator)
    batch, height, width, _ = pool.input.shape
    if batch != 1:
        raise UserError(
            f"{operator} reads {pool.input.tensor} of shape {list(pool.input.shape)}; "
            "convert with a batch of 1"
        )
    taps = min(pool.options.window[0], height) * min(pool.options.window[1], width)
    if taps > MOST_TAPS:
        raise UserError(
            f"{operator} averages {taps:,} values, the engine's sums hold at most {MOST_TAPS:,}; "
            "make its window smaller"
        )
    return pool


def portable(pool: Pooling) -> KernelCall:
    """The plain kernel."""
    _, height, width, channels = pool.input.shape
    options = pool.options
    return KernelCall(
        operators=(pool.operator,),
        kernel="average_pool_2d",
        header="kernels/average_pool_2d.h",
        inputs=(pool.input.index,),
        outputs=(pool.output.index,),
        parameters={
            "input_height": height,
            "input_width": width,
            "channels": channels,
            "output_height": pool.rows.outputs,
            "output_width": pool.columns.outputs,
            "window_height": options.window[0],
            "window_width": options.window[1],
            "stride_height": options.stride[0],
            "stride_width": options.stride[1],
            "padding_top": pool.rows.padding,
            "padding_left": pool.columns.padding,
            "minimum": pool.limits[0],
            "maximum": pool.limits[1],
        },
        description=pool.description,
    )
