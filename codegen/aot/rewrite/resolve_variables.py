"""Variables as tensors that keep their values: VAR_HANDLE, CALL_ONCE and the subgraph that it names go.

A flatbuffer names a variable by container and name, and hands it on as a resource. What is read and assigned
then is the variable's own tensor. Its first value is what the subgraph of CALL_ONCE assigns; without one,
every byte is the zero point (MicroResourceVariables in tensorflow/lite/micro/micro_resource_variable.cc).
"""

from dataclasses import replace

from codegen.aot.rewrite.change import Change, with_operators, with_tensors
from contract.errors import UserError
from contract.graph import Model, Operator, Tensor
from contract.operators.call_once import CallOnceOptions
from contract.operators.var_handle import VarHandleOptions

CONVERT_AGAIN = "convert the model again"


def resolve_variables(model: Model) -> tuple[Model, list[Change]]:
    """The model without handles: READ_VARIABLE reads a variable, ASSIGN_VARIABLE writes one."""
    handles = _handles(model)
    gone = [operator for operator in model.operators if operator.name in ("VAR_HANDLE", "CALL_ONCE")]
    if not gone:
        return model, []
    first_values = _first_values(model)
    variables: dict[VarHandleOptions, Tensor] = {}
    changed = []
    for operator in model.operators:
        if operator.name not in ("READ_VARIABLE", "ASSIGN_VARIABLE") or operator.inputs[:1] == ():
            continue
        handle = handles.get(operator.inputs[0])
        if handle is None:
            raise UserError(f"{operator} uses a resource that no VAR_HANDLE gives; {CONVERT_AGAIN}")
        is_read = operator.name == "READ_VARIABLE"
        value = model.tensors[(operator.outputs if is_read else operator.inputs[1:])[0]]
        variable = variables.setdefault(
            handle, _variable(len(model.tensors) + len(variables), handle, value, first_values.get(handle))
        )
        if (variable.type, variable.shape) != (value.type, value.shape):
            raise UserError(
                f"{operator} uses the variable {handle.name} as {value.type} of shape {list(value.shape)}, "
                f"another operator as {variable.type} of shape {list(variable.shape)}; {CONVERT_AGAIN}"
            )
        if is_read:
            changed.append(replace(operator, inputs=(variable.index,)))
        else:
            changed.append(replace(operator, inputs=operator.inputs[1:], outputs=(variable.index,)))
    changes = [Change(operator, "the variables' first values are in model_reset") for operator in gone]
    return with_operators(with_tensors(model, variables.values()), changed, gone), changes


def _handles(model: Model) -> dict[int, VarHandleOptions]:
    """The variable behind each resource tensor."""
    handles = {}
    for operator in model.operators:
        if isinstance(operator.options, VarHandleOptions) and operator.outputs:
            handles[operator.outputs[0]] = operator.options
    return handles


def _variable(index: int, handle: VarHandleOptions, value: Tensor, first: Tensor | None) -> Tensor:
    if first is not None and (first.type, first.shape) != (value.type, value.shape):
        raise UserError(
            f"the variable {handle.name} begins as {first.type} of shape {list(first.shape)} and is used as "
            f"{value.type} of shape {list(value.shape)}; {CONVERT_AGAIN}"
        )
    return Tensor(
        index=index,
        name=handle.name,
        type=value.type,
        shape=value.shape,
        quantization=value.quantization,
        data=None,
        is_variable=True,
        initial=None if first is None else first.data,
    )


def _first_values(model: Model) -> dict[VarHandleOptions, Tensor]:
    """What the subgraphs of CALL_ONCE assign."""
    found: dict[VarHandleOptions, Tensor] = {}
    for operator in model.operators:
        if not isinstance(operator.options, CallOnceOptions):
            continue
        if not 0 < operator.options.subgraph < len(model.subgraphs):
            raise UserError(f"{operator} names subgraph {operator.options.subgraph}; {CONVERT_AGAIN}")
        subgraph = model.subgraphs[operator.options.subgraph]
        handles = _handles(subgraph)
        for inner in subgraph.operators:
            if isinstance(inner.options, VarHandleOptions):
                continue
            found[_assigned(inner, handles)] = _constant(subgraph, operator, inner)
    return found


def _assigned(operator: Operator, handles: dict[int, VarHandleOptions]) -> VarHandleOptions:
    handle = handles.get(operator.inputs[0]) if operator.inputs else None
    if operator.name != "ASSIGN_VARIABLE" or handle is None or len(operator.inputs) != 2:
        raise UserError(
            f"the subgraph that gives variables their first values has {operator}, the engine takes "
            "assignments of constants; make the variables begin with constants"
        )
    return handle


def _constant(subgraph: Model, caller: Operator, assignment: Operator) -> Tensor:
    value = subgraph.tensors[assignment.inputs[1]]
    if value.data is None:
        raise UserError(
            f"{caller} assigns {value}, which is no constant; make the variables begin with constants"
        )
    return value
