"""The map from layers to calls of a plan."""

from codegen.aot.call import KernelCall
from codegen.aot.plan import Plan
from codegen.aot.schedule.lifetimes import variables_of
from contract.c_interface import Interface
from contract.layer_map import ArenaBuffer, Call, LayerChange, LayerMap
from contract.macs import multiply_accumulates, operator_macs


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
                multiply_accumulates=sum(operator_macs(plan.model, one) for one in call.operators),
                constant_bytes=sum(constant.values.nbytes for constant in call.constants),
                scratch_bytes=call.scratch,
                instructions=call.instructions,
            )
            for position, call in enumerate(plan.calls)
            if isinstance(call, KernelCall)
        ),
        buffers=_buffers(plan),
    )


def _buffers(plan: Plan) -> tuple[ArenaBuffer, ...]:
    """The arena's, with their moments counted in kernel calls."""
    before = [0]
    for call in plan.calls:
        before.append(before[-1] + isinstance(call, KernelCall))
    kinds = dict.fromkeys(range(len(plan.arena.buffers)), "activation")
    kinds |= dict.fromkeys(plan.scratch_of.values(), "scratch")
    for kind, indices in (
        ("state", [tensor.index for tensor in variables_of(plan.model)]),
        ("input", plan.model.inputs),
        ("output", plan.model.outputs),
    ):
        kinds |= {plan.buffer_of[index]: kind for index in indices}
    return tuple(
        ArenaBuffer(buffer.name, kinds[index], place, buffer.bytes, before[buffer.first], before[buffer.last])
        for index, (buffer, place) in enumerate(zip(plan.arena.buffers, plan.arena.places, strict=True))
    )
