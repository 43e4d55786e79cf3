"""The tables that make bench prints."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from bench.compare import Comparison
from bench.cores import CoreRow
from bench.mlperf import MlperfRow, Task, cells
from bench.proof import ProofRow
from bench.quoted import Quoted
from contract.bench import Row, Share
from measure.timings import KINDS


def show(comparison: Comparison, by_hand: Sequence[Quoted], console: Console) -> None:
    """Print the figures, with those `by_hand` beside them, the estimated cycles, and what the instructions do
    and where."""
    rows = comparison.rows
    console.print(_figures_table(rows, by_hand))
    console.print(_cycles_table(rows))
    console.print(_kinds_table(rows))
    own = [row for row in rows if row.operators]
    for engine in dict.fromkeys(row.engine for row in own):
        console.print(_layers_table(engine, [row for row in own if row.engine == engine]))
    for note in dict.fromkeys(row.note for row in rows if row.note):
        engines = ", ".join(dict.fromkeys(row.engine for row in rows if row.note == note))
        console.print(f"{engines}: {note}.")
    for refusal in comparison.refusals:
        console.print(refusal)


def show_cores(rows: Sequence[CoreRow], console: Console) -> None:
    """Print the same model on every emulated core."""
    table = _table("Every emulated core, -O2", "core", "engine", "instructions", "flash", "RAM", "bit-exact")
    for row in rows:
        figures = (f"{row.instructions:,}", f"{row.flash_bytes:,}", f"{row.ram_bytes:,}")
        table.add_row(row.core, row.engine, *figures, f"all {row.inputs:,}" if row.bit_exact else "no")
    console.print(table)


def show_proof(rows: Sequence[ProofRow], console: Console) -> None:
    """Print every network for every goal on every core."""
    columns = ("network", "core", "engine", "instructions", "a product", "arena", "flash", "RAM", "bit-exact")
    table = _table("Networks on every emulated core, -O2", *columns)
    for row in rows:
        sizes = (f"{row.arena_bytes:,}", f"{row.flash_bytes:,}", f"{row.ram_bytes:,}")
        table.add_row(
            *(row.network, row.core, row.engine, f"{row.instructions:,}"),
            f"{row.instructions / row.computed:.2f}",
            *sizes,
            row.verdict,
        )
    console.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in columns:
        left = column in ("network", "engine", "options", "layer", "core")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    return table


def _figures_table(rows: Sequence[Row], by_hand: Sequence[Quoted]) -> Table:
    columns = ("engine", "options", "instructions", "a MAC", "flash", "model", "RAM", "bit-exact")
    table = _table(
        "Emulated Cortex-M4F: executed instructions an inference; flash, the model in it, and RAM in bytes",
        *columns,
    )
    for row in rows:
        table.add_row(
            row.engine,
            row.options,
            f"{row.instructions:,}",
            f"{row.instructions_per_mac:.2f}",
            f"{row.flash_bytes:,}",
            f"{row.model_bytes:,}",
            f"{row.ram_bytes:,}",
            f"all {row.inputs:,}" if row.bit_exact else "no",
        )
    table.add_section()
    for quoted in by_hand:
        figures = (f"{quoted.instructions:,}", "", f"{quoted.flash_bytes:,}", "", f"{quoted.ram_bytes:,}")
        table.add_row(quoted.engine, quoted.options, *figures, quoted.text)
    return table


def _cycles_table(rows: Sequence[Row]) -> Table:
    columns = ("engine", "options", "cycles", "an instruction", "ms at 64 MHz")
    table = _table(
        "Estimated Cortex-M4 cycles an inference (an estimate, without flash wait states)", *columns
    )
    for row in rows:
        each = row.cycles_estimate / row.instructions
        table.add_row(
            row.engine, row.options, f"{row.cycles_estimate:,}", f"{each:.2f}", f"{row.ms_at_64_mhz:.2f}"
        )
    return table


def _kinds_table(rows: Sequence[Row]) -> Table:
    table = _table("What the instructions of an inference do", "engine", "options", *KINDS)
    for row in rows:
        table.add_row(row.engine, row.options, *(f"{row.kinds[kind]:,}" for kind in KINDS))
    return table


def _layers_table(engine: str, rows: Sequence[Row]) -> Table:
    columns = [row.options for row in rows] + [f"cycles {row.options}" for row in rows]
    table = _table(f"{engine}: instructions and estimated cycles of each layer", "layer", *columns)
    for layer in dict.fromkeys(share.layer for row in rows for share in row.operators):
        instructions, cycles = [], []
        for row in rows:
            total = sum(share.instructions for share in row.operators)
            share = next((share for share in row.operators if share.layer == layer), Share(layer, 0, 0))
            instructions.append(f"{share.instructions:,} {100 * share.instructions / total:5.1f} %")
            cycles.append(f"{share.cycles_estimate:,}")
        table.add_row(layer, *instructions, *cycles)
    return table


def show_mlperf(rows: Sequence[MlperfRow], tasks: Sequence[Task], console: Console) -> None:
    """The reference networks of MLPerf Tiny: measured, quoted, and on silicon."""
    columns = ("network", "engine", "instructions", "cycles", "flash", "RAM", "bit-exact")
    table = _table(
        "MLPerf Tiny's reference networks: executed instructions and estimated cycles on the emulated "
        "Cortex-M4F; the records are cycles on silicon",
        *columns,
    )
    for line in cells(rows, tasks):
        table.add_row(*line)
    console.print(table)
