"""What the comparisons share: EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL."""

from contract.operator_spec import OperatorSpec, everywhere


def comparison(name: str, resolver_method: str) -> OperatorSpec:
    """The comparison of that name: its output is BOOL."""
    return OperatorSpec(
        name=name,
        layer=name.lower(),
        resolver_method=resolver_method,
        runs_on=everywhere(3),
        attributes={"inputs": "two, of shapes that can be broadcast; either may be a constant"},
        limits=("six dimensions", "scales below 1"),
        output_types=("BOOL",),
    )
