"""What the inputs and outputs of a model are called, for people and for C."""

import re
from collections.abc import Sequence

from contract.graph import Model

MOST_CHARACTERS = 60


def tensor_names(model: Model, indices: Sequence[int], what: str) -> tuple[str, ...]:
    """A name for each of the model's inputs or outputs, `what` saying which: identifiers, all different.

    The only one is called `what`. Several have the names of their tensors without what TensorFlow's converter
    adds: `serving_default_audio:0` is `audio`.
    """
    if len(indices) == 1:
        return (what,)
    names: list[str] = []
    for index in indices:
        bare = re.sub(r":\d+$", "", model.tensors[index].name).removeprefix("serving_default_")
        name = re.sub(r"\W+", "_", bare, flags=re.ASCII).strip("_")[:MOST_CHARACTERS].lower()
        if not name or name[0].isdigit():
            name = f"{what}_{name}".strip("_")
        candidate, count = name, 1
        while candidate in names:
            count += 1
            candidate = f"{name}_{count}"
        names.append(candidate)
    return tuple(names)
