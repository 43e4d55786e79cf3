"""SELECT_V2."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="SELECT_V2",
    layer="select",
    resolver_method="AddSelectV2",
    runs_on={"aot": Support(max_version=1)},
    attributes={"inputs": "BOOL and two int8, of shapes that can be broadcast; each may be a constant"},
    limits=("six dimensions", "inputs and output have the same scale and zero point"),
    data_input=1,
)
