"""L2_NORMALIZATION."""

from dataclasses import dataclass

from contract import options
from contract.operator_spec import OperatorSpec, everywhere
from contract.tables import Table


@dataclass(frozen=True)
class L2NormalizationOptions:
    activation: str  # a name of the schema's ActivationFunctionType


def read_options(table: Table, where: str) -> L2NormalizationOptions:
    return L2NormalizationOptions(options.activation(table.int8(0), where))


SPEC = OperatorSpec(
    name="L2_NORMALIZATION",
    layer="l2_normalization",
    resolver_method="AddL2Normalization",
    runs_on=everywhere(2),
    attributes={"axis": "the last one", "activation": "NONE"},
    limits=("four dimensions", "33,000 values in a row", "an output of scale 1/128 and zero point 0"),
    options_code=12,
    read_options=read_options,
)
