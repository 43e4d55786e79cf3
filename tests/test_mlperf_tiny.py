"""MLPerf Tiny's architectures on every emulated core, for every goal, byte for byte."""

from pathlib import Path

import pytest

from bench import committed
from bench.build import AOT
from bench.markdown import RESULTS
from bench.mlperf_tiny import ARCHITECTURES, flatbuffer
from bench.proof import FILE_NAME, ProofRow, prove, read_network, read_proof
from contract.boards import boards
from contract.flatbuffer import parse_model
from contract.macs import multiply_accumulates

INPUTS = 30
EMULATED = [board for board in boards().values() if board.emulator is not None]

# As MLPerf Tiny's own files have them.
PRODUCTS = {
    "keyword_spotting": 2_656_768,
    "image_classification": 12_501_632,
    "visual_wake_words": 7_489_664,
    "anomaly_detection": 264_192,
}

# Of the whole bare image with its stack, optimised for size.
RAM_BYTES = {
    "keyword_spotting": 10_500,
    "image_classification": 40_000,
    "visual_wake_words": 40_000,
    "anomaly_detection": 2_300,
}


@pytest.mark.filterwarnings("ignore:Statistics for quantized inputs")  # the converter has them
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_runs_bit_exact_on_every_core(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.tflite"
    path.write_bytes(flatbuffer(name))
    assert multiply_accumulates(parse_model(path.read_bytes())) == PRODUCTS[name]
    rows = list(prove([read_network(path, INPUTS)], EMULATED, tmp_path))
    assert {(row.core, row.engine) for row in rows} == {
        (board.core, engine) for board in EMULATED for engine in AOT
    }
    assert [row for row in rows if row.equal != row.inputs or row.inputs != INPUTS] == []
    assert max(row.ram_bytes for row in rows if row.engine == "aot-size") <= RAM_BYTES[name]
    assert grown(rows) == []


def grown(rows: list[ProofRow]) -> list[str]:
    """A line for each figure above the committed one, by more than compilers differ."""
    same_compiler = committed.compiler() == committed.read()[0]
    tolerance = committed.TOLERANCE if same_compiler else committed.OTHER_COMPILER
    before = {(row.network, row.core, row.engine): row for row in read_proof(RESULTS / FILE_NAME)}
    return [
        f"{row.network} {row.engine} on {row.core}: {figure} {getattr(row, figure):,} instead of {old:,}"
        for row in rows
        for figure in ("instructions", "flash_bytes", "ram_bytes")
        if getattr(row, figure)
        > (1 + tolerance) * (old := getattr(before[row.network, row.core, row.engine], figure))
    ]
