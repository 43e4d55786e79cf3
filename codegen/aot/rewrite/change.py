"""What a pass did to an operator."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from contract.graph import Model, Operator, Tensor


@dataclass(frozen=True)
class Change:
    """One operator of the flatbuffer that is computed in another way, or not at all."""

    operator: Operator
    text: str  # what became of it, and why


def with_tensors(model: Model, changed: Iterable[Tensor]) -> Model:
    """The model with these tensors in the places that their indices give, new ones behind the others."""
    tensors = dict(enumerate(model.tensors)) | {tensor.index: tensor for tensor in changed}
    return replace(model, tensors=tuple(tensors[index] for index in range(len(tensors))))


def with_operators(model: Model, changed: Iterable[Operator], without: Iterable[Operator] = ()) -> Model:
    """The model with these operators in the places of those with the same index, and `without` others. Where
    a pass has put several in the place of one, those with the same outputs are meant."""
    places = {operator.index: operator for operator in changed}
    gone = {(operator.index, operator.outputs) for operator in without}
    share = Counter(operator.index for operator in model.operators)

    def chosen(one: Operator) -> Operator:
        new = places.get(one.index, one)
        return one if share[one.index] > 1 and new.outputs != one.outputs else new

    kept = (one for one in model.operators if (one.index, one.outputs) not in gone)
    return replace(model, operators=tuple(chosen(one) for one in kept))


def without_readers(model: Model) -> list[Operator]:
    """The operators whose outputs nobody reads, those first that stand last."""
    gone: list[Operator] = []
    read = {index: len(operators) for index, operators in model.readers.items()}
    for operator in reversed(model.operators):
        is_read = any(
            read.get(index, 0) or index in model.outputs or model.tensors[index].is_variable
            for index in operator.outputs
        )
        if is_read or not operator.outputs:  # without outputs it has an effect
            continue
        gone.append(operator)
        for index in set(operator.inputs):
            read[index] = read.get(index, 0) - 1
    return gone
