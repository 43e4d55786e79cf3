"""thimble layers: what each layer computes on a board, beside TensorFlow Lite Micro and the float model."""

import argparse
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.boards import DEFAULT, Board, board
from contract.errors import UserError
from contract.flatbuffer import read_model
from contract.graph import Model
from contract.layer_map import LayerMap
from contract.reference import read_reference
from contract.scores import decibels
from contract.tensors import Tensors, read_tensors
from thimble.commands.build import INSPECT, UNFUSED, Tuning, add_tuning, tuning_of
from thimble.workspace import Workspace, quantised, workspace_of

DIFFERS = 1  # exit code

Values = dict[int, list[NDArray[Any]]]  # by tensor index: what the board had for each input


@dataclass(frozen=True)
class Difference:
    """The first element that is not the reference's."""

    input: int  # its position in the reference
    element: tuple[int, ...]
    board: float
    reference: float


@dataclass(frozen=True)
class LayerValues:
    """The output of one layer over all inputs."""

    layer: str
    tensor: int
    shape: tuple[int, ...]
    note: str  # why it is not compared; empty where it is
    elements: int  # compared
    different: int
    first: Difference | None
    largest: float | None  # difference in stored values
    snr_db: float | None  # against the float model, where its tensors are known


def board_values(
    workspace: Workspace, target: Board, tuning: Tuning, form: str, port: str | None, positions: list[int]
) -> tuple[LayerMap, Values]:
    """What every call on the board writes for the inputs at `positions` of the reference."""
    from host.inspection import inference
    from thimble.inspected import inspected

    known = read_reference(workspace.reference)
    model = read_model(workspace.flatbuffer)
    found: Values = {}
    with inspected(workspace, target, tuning, form, port=port) as on:
        calls = on.layer_map.calls
        last = {tensor: place for place, call in enumerate(calls) for tensor in call.outputs}
        for position in positions:
            given = known.inputs[position].tobytes()
            for step in inference(on.session, on.layer_map, given, read=True):
                call = calls[step.call]
                for tensor, shape in zip(call.outputs, call.shapes, strict=True):
                    if last[tensor] == step.call:  # others write the rest of it
                        values = np.frombuffer(step.outputs[tensor], _type(model, tensor)).reshape(shape)
                        found.setdefault(tensor, []).append(values)
        layer_map = on.layer_map
    return layer_map, found


def _type(model: Model, tensor: int) -> np.dtype[Any]:
    """Of its elements; a rewrite adds tensors behind those of the flatbuffer."""
    return model.tensors[tensor].dtype if tensor < len(model.tensors) else np.dtype(np.int8)


def compare(model: Model, layer_map: LayerMap, found: Values, expected: Tensors) -> list[LayerValues]:
    """Every layer of the flatbuffer in its order, with what the board had for its outputs."""
    names = {
        index: layer
        for call in layer_map.calls
        for index, layer in zip(call.operators, call.layers, strict=True)
    }
    names |= {change.operator: change.layer for change in layer_map.changes}
    rows = []
    for operator in model.operators:
        name = names.get(operator.index, f"{operator.name.lower()}_{operator.index}")
        for tensor in operator.outputs:
            rows.append(_row(model, name, tensor, found, expected, layer_map))
    return rows


def _row(
    model: Model, name: str, tensor: int, found: Values, expected: Tensors, layer_map: LayerMap
) -> LayerValues:
    shape = model.tensors[tensor].shape
    if tensor not in found:
        fused = next((call.title for call in layer_map.calls if name in call.layers), None)
        note = f"not made: computed with {fused}" if fused else "not made: the bytes before it, or gone"
        return LayerValues(name, tensor, shape, note, 0, 0, None, None, None)
    given = np.stack(found[tensor])
    wanted = expected.stored[tensor]
    if given.shape != wanted.shape:
        kept = f"{given.shape[-1]} of {wanted.shape[-1]} channels are computed, the others never matter"
        return LayerValues(name, tensor, shape, kept, 0, 0, None, None, None)
    bytes_differ = (given.view(np.uint8) != wanted.astype(given.dtype).view(np.uint8)).reshape(given.size, -1)
    different = bytes_differ.any(axis=1)
    first = None
    if different.any():
        place = np.unravel_index(int(np.flatnonzero(different)[0]), given.shape)
        first = Difference(
            int(expected.positions[place[0]]),
            tuple(int(one) for one in place[1:]),
            float(given[place]),
            float(wanted[place]),
        )
    largest = float(np.abs(given.astype(np.float64) - wanted.astype(np.float64)).max())
    snr = _snr(model, tensor, given, expected)
    return LayerValues(name, tensor, shape, "", given.size, int(different.sum()), first, largest, snr)


def _snr(model: Model, tensor: int, given: NDArray[Any], expected: Tensors) -> float | None:
    if tensor not in expected.real:
        return None
    scale, zero_point = model.tensors[tensor].scale_and_zero_point
    real = given.astype(np.float64)
    if scale:
        real = scale * (real - zero_point)
    exact = expected.real[tensor].astype(np.float64)
    return decibels(float(np.sum(exact**2)), float(np.sum((real - exact) ** 2)))


def show(rows: list[LayerValues]) -> None:
    """Print the layers as a table, and the first difference."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    with_real = any(row.snr_db is not None for row in rows)
    table = Table(box=box.SIMPLE)
    table.add_column("layer")
    table.add_column("shape")
    table.add_column("equal to the reference")
    table.add_column("largest error", justify="right")
    if with_real:
        table.add_column("SNR against float", justify="right")
    for row in rows:
        same = "all" if not row.different else f"{row.elements - row.different:,} of"
        equal = row.note or f"{same} {row.elements:,}"
        cells = [
            row.layer,
            str(list(row.shape[1:])),
            equal,
            "" if row.largest is None else f"{row.largest:g}",
        ]
        if with_real:
            cells.append("" if row.snr_db is None else f"{row.snr_db:.1f} dB")
        table.add_row(*cells)
    Console(width=max(Console().width, 120)).print(table)
    wrong = first_wrong(rows)
    if wrong is not None and wrong.first is not None:
        first = wrong.first
        print(
            f"first difference: layer {wrong.layer}, input {first.input}, element {list(first.element)}: "
            f"the board has {first.board:g}, the reference {first.reference:g}"
        )
    else:
        compared = [row for row in rows if not row.note]
        print(f"equal: {sum(row.elements for row in compared):,} elements of {len(compared)} tensors")


def first_wrong(rows: list[LayerValues]) -> LayerValues | None:
    return next((row for row in rows if row.different), None)


def _expected(workspace: Workspace, model: Model, positions: list[int], keras: Path | None) -> Tensors:
    """What every tensor should hold: as python -m quantize tensors wrote it, so that the board's side needs
    no reference runtime, or else made now."""
    with suppress(UserError):
        found = read_tensors(workspace.folder)
        fits = found.sha256 == model.sha256 and found.positions.tolist() == positions
        if fits and (keras is None or found.real):
            return found
    from quantize.tensors import tensors_of

    found = tensors_of(model, workspace.folder, positions, keras)
    found.write(workspace.folder)
    return found


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="thimble layers",
        description="Run a few inputs layer by layer on a board, fetch what every layer wrote, and compare "
        "it with TensorFlow Lite Micro and, for a .keras model, with the float model: the first layer and "
        "element that differ, the largest error, the signal-to-noise ratio.",
        epilog="exit codes: 0 every compared element is the reference's; 1 some are not",
    )
    parser.add_argument(
        "model",
        type=Path,
        help="a .tflite flatbuffer, a .keras model with --data, or their folder",
    )
    parser.add_argument("--data", type=Path, metavar="FILE", help="an .npz, as for thimble deploy")
    parser.add_argument("--board", default=DEFAULT, help=f"see thimble boards (default: {DEFAULT}, emulated)")
    parser.add_argument("--port", help="the board's serial port (default: found by its USB id)")
    parser.add_argument(
        "--inputs", type=int, nargs="+", default=[0], metavar="N",
        help="positions in the test set (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--unfused", action="store_true",
        help="build an image that makes every tensor of the flatbuffer: no layers together, no channels "
        "removed",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="the same for a script")
    add_tuning(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to work (default: <model>-thimble)")
    options = parser.parse_args(argv)
    target, tuning = board(options.board), tuning_of(options)
    if options.unfused:
        if options.optimize != "speed":
            raise UserError("--unfused takes the portable kernels; leave --optimize out")
        tuning = Tuning("portable", tuning.flash_limit, tuning.ram_limit)
    workspace = workspace_of(options.model, options.out)
    quantised(workspace, options.model, options.data, [], quiet=options.json)

    model = read_model(workspace.flatbuffer)
    keras = options.model if options.model.suffix == ".keras" else None
    expected = _expected(workspace, model, options.inputs, keras)
    form = UNFUSED if options.unfused else INSPECT
    layer_map, found = board_values(workspace, target, tuning, form, options.port, options.inputs)
    rows = compare(model, layer_map, found, expected)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        show(rows)
    return DIFFERS if first_wrong(rows) else 0
