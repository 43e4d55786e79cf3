"""The tables of README.md and docs/, from committed results: of models/mnist, and of other networks.

A table stands between two comments, `<!-- table NAME -->` and `<!-- end -->`; whatever is between them is
written again. bench/results/ holds what `make bench` and `make proof` measured.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from bench.build import ROOT
from bench.cores import CoreRow, read_cores
from bench.mlperf import FILE_NAME as MLPERF
from bench.mlperf import MlperfRow, Task, cells, read_mlperf, tasks
from bench.proof import FILE_NAME as PROOF
from bench.proof import ProofRow, read_proof, verdict
from bench.quoted import Quoted, quoted
from contract.bench import FILE_NAME, Row, Share, read_rows
from contract.boards import DEFAULT, board
from contract.files import write_text
from contract.flatbuffer import read_model
from measure.cycles import CLOCK_HZ
from measure.timings import KINDS

RESULTS = Path(__file__).parent / "results"
MODEL = ROOT / "models" / "mnist" / "model.tflite"
PAGES = (ROOT / "README.md", ROOT / "docs" / "performance.md", ROOT / "docs" / "networks.md")

_PLACE = re.compile(r"<!-- table (\w+) -->\n.*?<!-- end -->", re.DOTALL)


def render(text: str) -> str:
    """`text` with each of its tables written again."""
    tables = all_tables()
    return _PLACE.sub(lambda place: f"<!-- table {place[1]} -->\n{tables[place[1]]}\n<!-- end -->", text)


def update_pages() -> None:
    """Write the tables of PAGES again."""
    for page in PAGES:
        write_text(page, render(page.read_text(encoding="utf-8")))


def all_tables() -> dict[str, str]:
    """Each table in Markdown, by its name."""
    rows = read_rows(RESULTS / FILE_NAME)
    by_hand = quoted(read_model(MODEL))
    return {
        "summary": _summary(rows, by_hand),
        "figures": _figures(rows, by_hand),
        "cycles": _cycles(rows, by_hand),
        "kinds": _kinds(rows),
        "cores": _cores(read_cores(RESULTS)),
        "mlperf": _mlperf(read_mlperf(RESULTS / MLPERF), tasks()),
        "proof": _proof(read_proof(RESULTS / PROOF)),
        "proof_cores": _proof_cores(read_proof(RESULTS / PROOF)),
        **{f"layers_{goal}": _layers(rows, f"aot-{goal}") for goal in ("speed", "size", "portable")},
    }


# The rows of the README: what a reader would choose between.
_CHOSEN = (
    ("aot-speed", "-O2", "Thimble, `OPTIMIZE=speed` (the default), -O2"),
    ("aot-size", "-Os", "Thimble, `OPTIMIZE=size`, -Os"),
    ("bakenn-cmsis", "-O2", "bakenn 1.0.0 with CMSIS-NN, -O2, without softmax"),
)


def _summary(rows: Sequence[Row], by_hand: Sequence[Quoted]) -> str:
    lines = []
    for engine, options, title in _CHOSEN:
        row = next(row for row in rows if (row.engine, row.options) == (engine, options))
        lines.append((title, row.instructions, row.flash_bytes, row.ram_bytes, row.cycles_estimate))
    lines[2:2] = [
        (
            f"{row.engine}, {row.options} ({row.text})",
            row.instructions,
            row.flash_bytes,
            row.ram_bytes,
            row.cycles_estimate,
        )
        for row in sorted(by_hand, key=lambda row: row.instructions)
    ]
    return _table(
        ["engine", "instructions an inference", "flash, bytes", "RAM with stack, bytes", "estimated cycles"],
        [
            [
                title,
                *(f"{figure:,}" for figure in figures),
                f"{cycles:,} ({_milliseconds(cycles)} ms at 64 MHz)",
            ]
            for title, *figures, cycles in lines
        ],
    )


def _figures(rows: Sequence[Row], by_hand: Sequence[Quoted]) -> str:
    macs = round(rows[0].instructions / rows[0].instructions_per_mac)
    measured = [
        [
            f"`{row.engine}`",
            row.options,
            f"{row.instructions:,}",
            f"{row.instructions_per_mac:.2f}",
            f"{row.flash_bytes:,}",
            f"{row.model_bytes:,}",
            f"{row.ram_bytes:,}",
            f"all {row.inputs:,}" if row.bit_exact else "no",
        ]
        for row in rows
    ]
    by_hand_rows = [
        [
            row.engine,
            row.options,
            f"{row.instructions:,}",
            f"{row.instructions / macs:.2f}",
            f"{row.flash_bytes:,}",
            "9,376",
            f"{row.ram_bytes:,}",
            f"all {row.inputs:,}, {row.text}",
        ]
        for row in by_hand
    ]
    head = [
        "engine",
        "options",
        "instructions",
        "a multiply-accumulate",
        "flash",
        "model",
        "RAM",
        "bit-exact",
    ]
    return _table(head, measured + by_hand_rows, left=(0, 1, 7))


def _cycles(rows: Sequence[Row], by_hand: Sequence[Quoted]) -> str:
    figures = [(f"`{row.engine}`", row.options, row.instructions, row.cycles_estimate) for row in rows]
    figures += [
        (f"{row.engine} ({row.text})", row.options, row.instructions, row.cycles_estimate) for row in by_hand
    ]
    return _table(
        ["engine", "options", "estimated cycles", "an instruction", "ms at 64 MHz"],
        [
            [engine, options, f"{cycles:,}", f"{cycles / instructions:.2f}", _milliseconds(cycles)]
            for engine, options, instructions, cycles in figures
        ],
        left=(0, 1),
    )


def _kinds(rows: Sequence[Row]) -> str:
    return _table(
        ["engine", "options", *KINDS],
        [
            [f"`{row.engine}`", row.options, *(f"{row.kinds[kind]:,}" for kind in KINDS)]
            for row in rows
            if row.options == "-O2"
        ],
        left=(0, 1),
    )


def _layers(rows: Sequence[Row], engine: str) -> str:
    own = [row for row in rows if row.engine == engine]
    head = ["layer", *(row.options for row in own), "share -O2", "cycles -O2"]
    middle = next(row for row in own if row.options == "-O2")
    total = sum(share.instructions for share in middle.operators)
    lines = []
    for layer in dict.fromkeys(share.layer for row in own for share in row.operators):
        shares = [_share(row, layer) for row in own]
        of_middle = _share(middle, layer)
        lines.append(
            [
                layer,
                *(f"{share.instructions:,}" for share in shares),
                f"{100 * of_middle.instructions / total:.1f} %",
                f"{of_middle.cycles_estimate:,}",
            ]
        )
    return _table(head, lines)


def _share(row: Row, layer: str) -> Share:
    return next((share for share in row.operators if share.layer == layer), Share(layer, 0, 0))


def _cores(rows: Sequence[CoreRow]) -> str:
    return _table(
        ["core", "board", "engine", "instructions", "flash", "RAM", "bit-exact"],
        [
            [
                row.core,
                f"`{row.board}`",
                f"`{row.engine}`",
                f"{row.instructions:,}",
                f"{row.flash_bytes:,}",
                f"{row.ram_bytes:,}",
                f"all {row.inputs:,}" if row.bit_exact else "no",
            ]
            for row in sorted(rows, key=lambda row: (row.engine != "aot-speed", row.engine, row.board))
        ],
        left=(0, 1, 2, 6),
    )


def _proof(rows: Sequence[ProofRow]) -> str:
    """The Cortex-M4F, a line for each network and goal."""
    return _table(
        [
            *("network", "engine", "products", "computed", "instructions", "a product"),
            *("arena", "flash", "RAM", "bit-exact"),
        ],
        [
            [
                f"`{row.network}`",
                f"`{row.engine}`",
                f"{row.products:,}",
                f"{row.computed:,}",
                f"{row.instructions:,}",
                f"{row.instructions / row.computed:.2f}",
                f"{row.arena_bytes:,}",
                f"{row.flash_bytes:,}",
                f"{row.ram_bytes:,}",
                row.verdict,
            ]
            for row in rows
            if row.core == board(DEFAULT).core
        ],
        left=(0, 1, 9),
    )


def _proof_cores(rows: Sequence[ProofRow]) -> str:
    """Instructions by `speed` on every core, and how many outputs of all goals together are right."""
    cores = list(dict.fromkeys(row.core for row in rows))
    lines = []
    for network in dict.fromkeys(row.network for row in rows):
        own = [row for row in rows if row.network == network]
        speed = {row.core: row.instructions for row in own if row.engine == "aot-speed"}
        equal, inputs = sum(row.equal for row in own), sum(row.inputs for row in own)
        lines.append([f"`{network}`", *(f"{speed[core]:,}" for core in cores), verdict(equal, inputs)])
    return _table(["network", *cores, "bit-exact"], lines, left=(0, len(cores) + 1))


def _mlperf(rows: Sequence[MlperfRow], of: Sequence[Task]) -> str:
    return _table(
        ["network", "engine", "instructions", "cycles", "flash", "RAM", "bit-exact"],
        list(cells(rows, of)),
        left=(0, 1, 6),
    )


def _milliseconds(cycles: int) -> str:
    return f"{1000 * cycles / CLOCK_HZ:.1f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> str:
    rule = ["---" if column in left else "---:" for column in range(len(head))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, rule, *rows])
