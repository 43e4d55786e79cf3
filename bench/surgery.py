"""What a TFLite flatbuffer needs before the baseline `bakenn` takes it.

- It refuses SOFTMAX: the operator is cut off the end, and the tensor before it, the logits, is the output.
- It insists on ReshapeOptions, which the converter leaves out where the shape is a tensor.

A flatbuffer is tables that point forward at each other, so both are done by appending what is new and
redirecting one offset to it; no byte of the weights moves.
"""

import struct

from contract.flatbuffer import parse_model
from contract.graph import Operator
from contract.tables import Table, root_table

_SUBGRAPHS = 2  # field numbers of the TFLite schema
_GRAPH_OUTPUTS, _GRAPH_OPERATORS = 2, 3
_OPCODE, _INPUTS, _OUTPUTS = 0, 1, 2
_RESHAPE_OPTIONS = 17  # of the union BuiltinOptions


def cut_softmax(flatbuffer: bytes) -> bytes:
    """The same model without a SOFTMAX at its end; its output is then that one's input."""
    model = parse_model(flatbuffer)
    softmax = model.operators[-1]
    if softmax.name != "SOFTMAX":
        return flatbuffer
    graph = root_table(flatbuffer, b"TFL3").tables(_SUBGRAPHS)[0]
    data = bytearray(flatbuffer)
    operators = _target(data, _field(data, graph, _GRAPH_OPERATORS))
    struct.pack_into("<I", data, operators, len(model.operators) - 1)
    _redirect(data, _field(data, graph, _GRAPH_OUTPUTS), _vector(softmax.inputs[:1]))
    return bytes(data)


def add_reshape_options(flatbuffer: bytes) -> bytes:
    """The same model with an empty ReshapeOptions in every RESHAPE, which reads its shape from a tensor."""
    data = bytearray(flatbuffer)
    graph = root_table(flatbuffer, b"TFL3").tables(_SUBGRAPHS)[0]
    entries = _target(data, _field(data, graph, _GRAPH_OPERATORS)) + 4
    for operator, table in zip(
        parse_model(flatbuffer).operators, graph.tables(_GRAPH_OPERATORS), strict=True
    ):
        if operator.name == "RESHAPE":
            _redirect(data, entries + 4 * operator.index, *_reshape(operator, table.uint32(_OPCODE)))
    return bytes(data)


def _reshape(operator: Operator, opcode: int) -> tuple[bytes, int]:
    """A whole operator table of RESHAPE with what it points at, and where in these bytes the table begins."""
    inputs, outputs = _vector(operator.inputs), _vector(operator.outputs)
    # The vtable: its size, the table's size, and the places of opcode_index, inputs, outputs,
    # builtin_options_type and builtin_options behind the table's first four bytes, which point back here.
    vtable = struct.pack("<7H", 14, 24, 4, 8, 12, 20, 16) + bytes(2)
    options = struct.pack("<2HI", 4, 4, 0)  # an empty vtable, then (at 8) a table that points 8 back to it
    options = options[:4] + bytes(4) + struct.pack("<i", 8)
    places = [len(vtable) + 24]  # of inputs, outputs, options, counted from the vtable
    places.append(places[0] + len(inputs))
    places.append(places[1] + len(outputs) + 8)
    table_at = len(vtable)
    table = struct.pack(
        "<iIIIIB3x",
        table_at,
        opcode,
        places[0] - (table_at + 8),
        places[1] - (table_at + 12),
        places[2] - (table_at + 16),
        _RESHAPE_OPTIONS,
    )
    return vtable + table + inputs + outputs + options, table_at


def _field(data: bytearray, table: Table, number: int) -> int:
    """The absolute place of a field that the table is known to have."""
    vtable = table.position - int(struct.unpack_from("<i", data, table.position)[0])
    return table.position + int(struct.unpack_from("<H", data, vtable + 4 + 2 * number)[0])


def _target(data: bytearray, place: int) -> int:
    return place + int(struct.unpack_from("<I", data, place)[0])


def _vector(numbers: tuple[int, ...]) -> bytes:
    return struct.pack(f"<I{len(numbers)}i", len(numbers), *numbers)


def _redirect(data: bytearray, place: int, appended: bytes, start: int = 0) -> None:
    """Append bytes, and let the offset at `place` point at the one numbered `start` among them."""
    data += bytes(-len(data) % 8)
    struct.pack_into("<I", data, place, len(data) + start - place)
    data += appended
