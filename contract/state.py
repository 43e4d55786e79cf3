"""Whether a model keeps a state from one inference to the next."""

from contract.graph import Model
from contract.operators import REGISTRY


def is_stateful(model: Model) -> bool:
    """Whether the outputs of an inference can depend on those before it."""
    specs = (REGISTRY.get(operator.name) for operator in model.operators)
    return any(spec is not None and spec.stateful for spec in specs)
