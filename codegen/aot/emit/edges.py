"""The inputs and outputs of a plan, for its C interface."""

from codegen.aot.plan import Plan
from contract.c_interface import INPUT, OUTPUT, Edge, edges
from contract.manifest import Manifest, TensorInfo
from contract.tensor_names import tensor_names


def inputs_of(plan: Plan, manifest: Manifest | None) -> list[Edge]:
    """All inputs, with the ranges that the manifest knows."""
    if manifest is None:
        return edges(INPUT, _infos(plan, INPUT))
    return edges(INPUT, manifest.inputs, trained=manifest.is_trained)


def outputs_of(plan: Plan, manifest: Manifest | None) -> list[Edge]:
    """All outputs, with the tasks that the manifest knows."""
    if manifest is None:
        return edges(OUTPUT, _infos(plan, OUTPUT))
    return edges(OUTPUT, manifest.outputs, manifest.tasks)


def _infos(plan: Plan, what: str) -> list[TensorInfo]:
    indices = plan.model.inputs if what == INPUT else plan.model.outputs
    tensors = [plan.model.tensors[index] for index in indices]
    names = tensor_names(plan.model, indices, what)
    return [
        TensorInfo(name, tensor.type.lower(), tensor.shape, *tensor.scale_and_zero_point)
        for name, tensor in zip(names, tensors, strict=True)
    ]
