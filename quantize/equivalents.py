"""What the converter writes and TensorFlow Lite Micro knows under another name alone."""

from typing import Any

from quantize.packing import packed, unpacked


def known_to_micro(flatbuffer: bytes) -> bytes:
    """The same model with SELECT as SELECT_V2, which is the same for operands of one shape."""
    from tensorflow.lite.python import schema_py_generated as schema

    model = unpacked(flatbuffer)
    graph = model.subgraphs[0]
    changed = [operator for operator in graph.operators if _is_select(model, graph, operator)]
    if not changed:
        return flatbuffer
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SELECT_V2
    code.version = 1
    model.operatorCodes.append(code)
    for operator in changed:
        operator.opcodeIndex = len(model.operatorCodes) - 1
        operator.builtinOptionsType = schema.BuiltinOptions.SelectV2Options
        operator.builtinOptions = schema.SelectV2OptionsT()
    return packed(model)


def _is_select(model: Any, graph: Any, operator: Any) -> bool:
    from tensorflow.lite.python import schema_py_generated as schema

    code = model.operatorCodes[operator.opcodeIndex]
    shapes = {tuple(graph.tensors[index].shape) for index in operator.inputs}
    is_select = max(code.builtinCode, code.deprecatedBuiltinCode) == schema.BuiltinOperator.SELECT
    return is_select and len(shapes) == 1
