"""AVERAGE_POOL_2D."""

import math

from contract.graph import Model, Operator
from contract.operator_spec import OperatorSpec, everywhere
from contract.pooling import POOL_ATTRIBUTES, read_pool_options


def sums_bytes(model: Model, operator: Operator) -> int:
    """CMSIS-NN keeps the sums of one window, 32 bits a channel (arm_avgpool_s8_get_buffer_size)."""
    return 4 * math.prod(model.tensors[operator.inputs[0]].shape[3:])


SPEC = OperatorSpec(
    name="AVERAGE_POOL_2D",
    layer="pool",
    resolver_method="AddAveragePool2D",
    runs_on=everywhere(2),
    attributes=POOL_ATTRIBUTES,
    limits=(
        "input and output are quantised alike",
        "at most 16,711,935 values in a window",
    ),
    options_code=5,
    read_options=read_pool_options,
    cortex_m_scratch_bytes=sums_bytes,
)
