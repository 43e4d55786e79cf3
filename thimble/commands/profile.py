"""thimble profile: what each layer costs, on an emulated board or a real one."""

import argparse
import statistics
from pathlib import Path

from contract.boards import DEFAULT, Board, board
from contract.cli import positive
from contract.documents import as_json
from contract.layer_map import LayerMap, read_layer_map
from contract.profile import LayerCost, Profiled
from contract.reference import read_reference
from thimble.commands.build import INSPECT, TRACED, Tuning, add_tuning, built, tuning_of
from thimble.workspace import Workspace, quantised, workspace_of

INPUTS = 3
Counted = dict[str, tuple[int, int]]  # instructions and estimated cycles, by the layers of a call


def profile(
    workspace: Workspace, target: Board, tuning: Tuning, link: str | None, port: str | None, count: int
) -> Profiled:
    """Measure each call of the model in the workspace on `target`: ticks of the board's own counter from an
    image that stops between calls and, where it is emulated, instructions and estimated cycles of the image
    as it is."""
    from host.inspection import inference
    from thimble.inspected import inspected

    inputs = read_reference(workspace.reference).inputs[:count]
    with inspected(workspace, target, tuning, INSPECT, link, port) as on:
        hello, layer_map = on.hello, on.layer_map
        ticks: list[list[int]] = [[] for _ in layer_map.calls]
        for one in inputs:
            for step in inference(on.session, layer_map, one.tobytes(), read=False):
                ticks[step.call].append(step.ticks)
    counted = _counted(workspace, target, tuning, link) if target.emulator else {}
    return Profiled(
        sha256=layer_map.sha256,
        board=target.name,
        core=target.core,
        tick_unit=hello.tick_unit.name.lower(),
        tick_hz=hello.tick_hz,
        inputs=len(inputs),
        layers=tuple(
            LayerCost(
                layer=call.title,
                variant=call.variant,
                reason=call.reason,
                ticks=round(statistics.median(of_call)),
                instructions=counted.get(call.title, (None, None))[0],
                cycles_estimate=counted.get(call.title, (None, None))[1],
                multiply_accumulates=call.multiply_accumulates,
                constant_bytes=call.constant_bytes,
                scratch_bytes=call.scratch_bytes,
            )
            for call, of_call in zip(layer_map.calls, ticks, strict=True)
        ),
    )


def _counted(workspace: Workspace, target: Board, tuning: Tuning, link: str | None) -> Counted:
    """From the bare image, followed instruction by instruction."""
    from measure.profile import profile as trace

    image, _ = built(workspace, target, tuning, TRACED, link)
    layer_map: LayerMap = read_layer_map(image)
    one = read_reference(workspace.reference).inputs[:1]
    shares = trace(image / "bare.elf", one, layer_map, target).operators
    return {share.layer: (share.instructions, share.cycles_estimate) for share in shares}


def show(found: Profiled) -> None:
    """Print the profile as a table."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    whole = sum(layer.cost for layer in found.layers) or 1
    traced = any(layer.cycles_estimate is not None for layer in found.layers)
    unit = {"cycle": "cycles", "instruction": "instructions", "nanosecond": "ns"}[found.tick_unit]
    table = Table(
        title=f"{found.board} ({found.core}), {found.tick_hz:,} ticks a second",
        box=box.SIMPLE,
        title_justify="left",
    )
    table.add_column("layer")
    table.add_column("variant")
    heads = [f"ticks ({unit})", *(["instructions", "est. cycles"] if traced else []), "MACs"]
    for head in (*heads, "cycles/MAC" if traced else "ticks/MAC", "constants", "scratch", "share"):
        table.add_column(head, justify="right")
    for layer in found.layers:
        products = layer.multiply_accumulates
        share = layer.cost / whole
        table.add_row(
            layer.layer,
            layer.variant,
            f"{layer.ticks:,}",
            *([f"{layer.instructions or 0:,}", f"{layer.cycles_estimate or 0:,}"] if traced else []),
            f"{products:,}" if products else "",
            f"{layer.cost / products:.2f}" if products else "",
            f"{layer.constant_bytes:,}",
            f"{layer.scratch_bytes:,}",
            f"{100 * share:.1f} %",
        )
    Console(width=max(Console().width, 130)).print(table)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="thimble profile",
        description="Measure what each layer costs: ticks of the board's own counter (cycles on hardware), "
        "and on an emulated board executed instructions and estimated cycles. Writes profile.json into the "
        "image's folder; a report made afterwards shows it.",
    )
    parser.add_argument(
        "model",
        type=Path,
        help="a .tflite flatbuffer, a .keras model with --data, or their folder",
    )
    parser.add_argument("--data", type=Path, metavar="FILE", help="an .npz, as for thimble deploy")
    parser.add_argument("--board", default=DEFAULT, help=f"see thimble boards (default: {DEFAULT}, emulated)")
    parser.add_argument("--link", help="the board's line (default: its first)")
    parser.add_argument("--port", help="the board's serial port (default: found by its USB id)")
    parser.add_argument("--inputs", type=positive, default=INPUTS, metavar="N", help=f"(default: {INPUTS})")
    parser.add_argument("--json", action="store_true", help="print profile.json in place of the table")
    add_tuning(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to work (default: <model>-thimble)")
    options = parser.parse_args(argv)
    target = board(options.board)
    workspace = workspace_of(options.model, options.out)
    tuning = tuning_of(options)
    quantised(workspace, options.model, options.data, [], quiet=options.json)
    found = profile(workspace, target, tuning, options.link, options.port, options.inputs)
    folder = workspace.image(target, tuning.suffix)
    found.write(folder)
    if options.json:
        print(as_json(found), end="")
    else:
        show(found)
        print(f"written  {folder / 'profile.json'}")
    return 0
