"""Variables that are read where they lie."""

from collections.abc import Sequence

from codegen.aot.call import Alias, KernelCall
from contract.graph import Model

Call = KernelCall | Alias


def read_in_place(model: Model, calls: Sequence[Call]) -> list[Call]:
    """The calls without the copies of READ_VARIABLE whose value nobody needs after the variable is
    assigned."""
    return [
        Alias(call.operators, call.inputs, call.outputs, (f"{call.description[0]}: where it lies",))
        if isinstance(call, KernelCall) and _can_stay(model, calls, place)
        else call
        for place, call in enumerate(calls)
    ]


def _can_stay(model: Model, calls: Sequence[Call], place: int) -> bool:
    """Whether the call copies a variable that keeps its value until the last one has read the copy."""
    copy = calls[place]
    if [one.name for one in copy.operators] != ["READ_VARIABLE"]:
        return False
    assigned = [later for later in range(place, len(calls)) if copy.inputs[0] in calls[later].outputs]
    if not assigned:
        return True
    names = set(copy.outputs)  # of the copy, under every shape
    readers = []
    for later in range(place + 1, len(calls)):
        call = calls[later]
        if names & set(call.inputs):
            readers.append(later)
            if isinstance(call, Alias):
                names.update(call.outputs)
    return not names & set(model.outputs) and max(readers, default=place) < assigned[0]
