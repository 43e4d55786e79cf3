"""CONV_2D."""

import math

from contract.convolution import MOVEMENT, OPERANDS, ConvolutionOptions, read_convolution_options, runs_on
from contract.graph import Model, Operator
from contract.operator_spec import OperatorSpec, window_products
from contract.tables import Table


def read_options(table: Table, where: str) -> ConvolutionOptions:
    return read_convolution_options(table, where, activation=3)


def im2col_bytes(model: Model, operator: Operator) -> int:
    """CMSIS-NN unrolls two input patches to 16 bits each (im2col): filter height * filter width * input
    channels * 2 bytes, twice."""
    return 2 * 2 * math.prod(model.tensors[operator.inputs[1]].shape[1:])


SPEC = OperatorSpec(
    name="CONV_2D",
    layer="conv",
    resolver_method="AddConv2D",
    runs_on=runs_on(6, libraries=3),  # from 4 on int16, hybrids and, in 6, groups
    attributes=MOVEMENT | OPERANDS | {"groups": "any"},
    options_code=1,
    read_options=read_options,
    weights_input=1,
    multiply_accumulates=window_products,
    cortex_m_scratch_bytes=im2col_bytes,
)
