"""The map from layers to calls of a plan."""

from codegen.aot.call import KernelCall
from codegen.aot.plan import Plan
from contract.c_interface import Interface
from contract.layer_map import Call, LayerChange, LayerMap
from contract.macs import multiply_accumulates


def layer_map(plan: Plan, goal: str, lines: dict[int, int], interface: Interface) -> LayerMap:
    """The contents of layers.json. `lines`: of each kernel call in model.c, by the call's position."""
    return LayerMap(
        sha256=plan.model.sha256,
        name=interface.name,
        instances=interface.instances,
        goal=goal,
        arena_bytes=plan.arena.bytes,
        multiply_accumulates=multiply_accumulates(plan.model),
        changes=tuple(
            LayerChange(
                change.operator.index, plan.layers[change.operator.index], change.operator.name, change.text
            )
            for change in plan.changes
        ),
        calls=tuple(
            Call(
                line=lines[position],
                function=call.function,
                variant=call.variant,
                reason=call.reason,
                operators=tuple(operator.index for operator in call.operators),
                layers=tuple(plan.layers[operator.index] for operator in call.operators),
                inputs=call.inputs,
                outputs=call.outputs,
                places=tuple(plan.arena.places[plan.buffer_of[index]] for index in call.outputs),
                sizes=tuple(plan.model.tensors[index].bytes for index in call.outputs),
                shapes=tuple(plan.model.tensors[index].shape for index in call.outputs),
                constant_bytes=sum(constant.values.nbytes for constant in call.constants),
                scratch_bytes=call.scratch,
                instructions=call.instructions,
            )
            for position, call in enumerate(plan.calls)
            if isinstance(call, KernelCall)
        ),
    )
