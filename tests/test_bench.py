"""The figures: sizes from the linker, outputs and instructions from the emulator, layers from debug lines."""

import dataclasses
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from bench import committed, mlperf
from bench.__main__ import TABLE_COLUMNS
from bench.build import AOT, build_bare, generate
from bench.compare import Comparison
from bench.proof import read_network
from bench.quoted import Quoted, quoted
from bench.table import show
from contract.bench import Row, Share
from contract.boards import DEFAULT, board
from contract.errors import UserError
from contract.files import sha256_of
from contract.firmware import read_firmware
from contract.flatbuffer import read_model
from contract.layer_map import read_layer_map
from contract.macs import multiply_accumulates
from contract.manifest import read_manifest
from contract.reference import read_reference
from measure.emulator import read_log
from measure.figures import equal_outputs, figures
from measure.image import Sizes, constant_bytes, parse_sizes
from measure.layers import OTHER, layer_of_each, parse_inlining
from measure.profile import profile
from measure.stage import INPUTS, measure
from measure.timings import KINDS

BOARD = board(DEFAULT)


@pytest.fixture(scope="module")
def built(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The OUT of make -C firmware bare for models/mnist, beside the sources that codegen wrote."""
    folder = tmp_path_factory.mktemp("bench")
    engine = next(iter(AOT))
    generate(mnist / "model.tflite", mnist / "manifest.json", folder / "generated", AOT[engine])
    build_bare(folder / "generated", folder / "out", "-O2")
    return folder / "out"


# ---- sizes ----


def test_sizes_are_what_the_linker_put_where() -> None:
    listing = "   text\t   data\t    bss\t    dec\t    hex\tfilename\n  10800\t 16\t 7840\t 18656\t 48e0\tx\n"
    assert parse_sizes(listing) == Sizes(10800, 16, 7840)
    assert (parse_sizes(listing).flash, parse_sizes(listing).ram) == (10816, 7856)


def test_sizes_of_macos_are_read_too() -> None:
    listing = "__TEXT\t__DATA\t__OBJC\tothers\tdec\thex\n16384\t4096\t0\t8192\t28672\t7000\t\n"
    assert parse_sizes(listing) == Sizes(16384, 4096, 0)


def test_another_programs_listing_is_refused() -> None:
    with pytest.raises(UserError, match="not text and data"):
        parse_sizes("a b c\n1 2 3\n")


def test_the_models_bytes_are_the_kept_constants_of_the_generated_objects(tmp_path: Path) -> None:
    linker_map = tmp_path / "bare.map"
    linker_map.write_text(
        "Discarded input sections\n\n"
        " .rodata.unused 0x00000000 0x99 out/objects/generated/model.c.o\n\n"
        "Linker script and memory map\n\n"
        " *(.rodata*)\n"
        " .rodata.conv_1_weights\n"
        "                0x00000abc       0x80 out/objects/generated/model.c.o\n"
        " .rodata.bias   0x00000b3c       0x20 out/objects/generated/model.c.o\n"
        " .rodata.table  0x00000b5c       0x10 out/objects/engine/kernel.c.o\n"
        " .text.invoke   0x00000b6c      0x100 out/objects/generated/model.c.o\n"
    )
    assert constant_bytes(linker_map) == 0x80 + 0x20


def test_flash_holds_the_model_and_ram_the_stack(built: Path, mnist: Path) -> None:
    found = figures(built, read_reference(mnist / "reference.npz").inputs[:2], BOARD)
    tensors = read_model(mnist / "model.tflite").tensors
    weights = sum(len(tensor.data or b"") for tensor in tensors if tensor.type == "INT8")
    assert weights <= found.model_bytes < found.flash_bytes
    assert 0 < found.stack_bytes < found.ram_bytes


# ---- the emulator ----


def test_the_bare_image_sees_the_reference_bit_for_bit(built: Path, mnist: Path) -> None:
    reference = read_reference(mnist / "reference.npz")
    found = figures(built, reference.inputs[:20], BOARD)
    assert equal_outputs(found.outputs, reference.outputs[:20]) == 20


def test_one_wrong_byte_is_one_output_that_differs() -> None:
    outputs = np.zeros((3, 10), np.int8)
    other = outputs.copy()
    other[1, 9] = 1
    assert equal_outputs(other, outputs) == 2


def test_an_image_that_writes_no_figures_is_refused(built: Path, mnist: Path, tmp_path: Path) -> None:
    image = (built / "bare.elf").read_bytes()
    assert b"figures.bin\0" in image
    (tmp_path / "bare.elf").write_bytes(image.replace(b"figures.bin\0", b"figures.bun\0"))
    (tmp_path / "bare.map").write_text((built / "bare.map").read_text())
    with pytest.raises(UserError, match=r"ended without figures\.bin"):
        figures(tmp_path, read_reference(mnist / "reference.npz").inputs[:1], BOARD)


LOG = b"""----------------
IN: invoke
0x00000100:  b510       push     {r4, lr}
0x00000102:  f000 f801  bl       #0x200

Trace 0: 0x7f4400000100 [00800408/00000100/00000110/ff020201] invoke
----------------
IN: kernel
0x00000200:  4770       bx       lr

Trace 0: 0x7f4400000200 [00800408/00000200/00000110/ff020201] kernel
Trace 0: 0x7f4400000100 [00800408/00000100/00000110/ff020201] invoke
Stopped execution of TB chain before 0x7f4400000100 [00000100] invoke
Trace 0: 0x7f4400000100 [00800408/00000100/00000110/ff020201] invoke
Trace 0: 0x7f4400000200 [00800408/00000200/00000110/ff020201] kernel
"""


@pytest.mark.parametrize("block_bytes", [7, 100, 10_000])
def test_the_emulators_log_gives_every_executed_instruction(
    block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("measure.emulator._BLOCK_BYTES", block_bytes)
    assert read_log(io.BytesIO(LOG)).tolist() == [0x100, 0x102, 0x200] * 2


@pytest.mark.parametrize(("was", "now"), [(b"08/00000100/", b"08/00000102/"), (b"\n0x", b"\nOBJD-T: ")])
def test_another_log_is_refused(was: bytes, now: bytes) -> None:
    with pytest.raises(UserError, match="QEMU's execution log is not as expected"):
        read_log(io.BytesIO(LOG.replace(was, now)))


def test_the_trace_counts_what_the_image_counts(built: Path, mnist: Path) -> None:
    one = read_reference(mnist / "reference.npz").inputs[:1]
    traced = profile(built / "bare.elf", one, read_layer_map(built.parent / "generated"), BOARD)
    counted = figures(built, one, BOARD).instructions
    assert abs(traced.instructions - counted) <= 80  # the image counts in steps of 40 and reads its own clock
    assert traced.instructions == sum(share.instructions for share in traced.operators)
    assert traced.cycles_estimate == sum(share.cycles_estimate for share in traced.operators)
    assert traced.cycles_estimate > traced.instructions
    assert traced.instructions == sum(traced.kinds.values())
    assert traced.kinds["multiply"] > traced.kinds["load"]
    of_layers = {name for share in traced.operators for name in share.layer.split(" + ")} - {OTHER}
    assert {"conv_1", "conv_2", "dense_1", "probabilities", "softmax"} <= of_layers
    of_convolutions = sum(share.instructions for share in traced.operators if "conv" in share.layer)
    assert of_convolutions > 0.8 * traced.instructions


# ---- layers ----


def test_an_inlined_instruction_belongs_to_the_line_of_its_call() -> None:
    listing = (
        "0x00000100\nmultiply\nkernel.h:7\nthimble_conv_2d\nkernel.h:30\nmodel_invoke\n/a/model.c:3\n"
        "0x00000102\nmodel_invoke\n/a/model.c:5 (discriminator 2)\n"
        "0x00000200\nthimble_softmax\nsoftmax.h:9\n"
    )
    assert parse_inlining(listing) == {0x100: 3, 0x102: 5}


def test_an_instruction_of_a_called_function_belongs_to_the_call_before_it() -> None:
    trace = np.array([0x10, 0x100, 0x200, 0x202, 0x102, 0x200, 0x12], np.uint32)
    names, layer = layer_of_each(trace, {0x100: 3, 0x102: 5}, {3: "conv_1", 5: "pool_1"})
    assert [names[index] for index in layer] == [OTHER, "conv_1", "conv_1", "conv_1", *["pool_1"] * 3]


# ---- the model ----


def test_the_multiply_accumulates_are_those_of_the_shapes(mnist: Path) -> None:
    by_hand = 28 * 28 * 8 * 16 + 11 * 11 * 16 * 4 * 4 * 8 + 400 * 10 + 10 * 10
    assert multiply_accumulates(read_model(mnist / "model.tflite")) == by_hand == 352_260


# ---- firmware.json ----


def test_measure_writes_what_one_image_costs(built: Path, mnist: Path, tmp_path: Path) -> None:
    for name in ("manifest.json", "reference.npz"):
        (tmp_path / name).symlink_to(mnist / name)
    folder = tmp_path / "mps2-an386-aot"
    folder.mkdir()
    for name in ("bare.elf", "bare.map", "build.txt"):
        (folder / name).symlink_to(built / name)
    (folder / "firmware.elf").symlink_to(built / "bare.elf")
    written = measure(folder, "mps2-an386", "aot", "semihosting")
    assert read_firmware(folder) == written
    found = figures(built, read_reference(mnist / "reference.npz").inputs[:INPUTS], BOARD)
    assert (written.flash_bytes, written.model_bytes) == (found.flash_bytes, found.model_bytes)
    assert (written.ram_bytes, written.stack_bytes) == (found.ram_bytes, found.stack_bytes)
    assert written.instructions == found.instructions
    assert written.image_sha256 == sha256_of(built / "bare.elf")
    assert written.sha256 == read_manifest(mnist / "manifest.json").sha256
    assert written.compiler.startswith("arm-none-eabi-gcc")
    assert "-O2" in written.options


def test_measure_refuses_an_image_that_computes_something_else(
    built: Path, mnist: Path, tmp_path: Path
) -> None:
    reference = read_reference(mnist / "reference.npz")
    reference.outputs[7, 3] ^= 1
    reference.write(tmp_path / "reference.npz")
    (tmp_path / "manifest.json").symlink_to(mnist / "manifest.json")
    folder = tmp_path / "mps2-an386-aot"
    folder.mkdir()
    for name in ("bare.elf", "bare.map", "build.txt"):
        (folder / name).symlink_to(built / name)
    (folder / "firmware.elf").symlink_to(built / "bare.elf")
    with pytest.raises(
        UserError, match=f"other outputs than the reference for 1 of {INPUTS} inputs"
    ) as caught:
        measure(folder, "mps2-an386", "aot", "semihosting")
    assert caught.value.exit_code == 1
    assert not (folder / "firmware.json").exists()


def test_the_native_board_has_sizes_and_no_bare_image(mnist: Path, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").symlink_to(mnist / "manifest.json")
    folder = tmp_path / "native-aot"
    folder.mkdir()
    (folder / "firmware.elf").symlink_to(Path(sys.executable).resolve())
    (folder / "build.txt").write_text("cc 1.0\n-O2\n")
    written = measure(folder, "native", "aot", None)
    assert written.link == "pty"
    assert written.image_flash_bytes > 0
    assert written.flash_bytes is written.ram_bytes is written.stack_bytes is written.instructions is None


def test_without_an_image_the_error_says_what_builds_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "measure", "--board", "mps2-an386", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr == f"error: there is no {tmp_path}/firmware.elf; make firmware builds it\n"


# ---- nothing gets slower or larger unseen ----


def test_the_committed_model_is_as_fast_and_as_small_as_committed(tmp_path: Path) -> None:
    compiler, before = committed.read()
    assert before.keys() == AOT.keys(), "run python -m bench update"
    same = compiler == committed.compiler()
    tolerance = committed.TOLERANCE if same else committed.OTHER_COMPILER
    assert committed.growth(committed.measured(tmp_path), before, tolerance) == []


def test_growth_beyond_the_tolerance_is_named() -> None:
    before = {"aot-speed": {"instructions": 150_000, "flash_bytes": 15_000}}
    now = {"aot-speed": {"instructions": 153_001, "flash_bytes": 15_300}}
    assert committed.growth(now, before, 0.02) == ["aot-speed instructions: 153,001 instead of 150,000"]


def row(engine: str, bit_exact: bool) -> Row:
    return Row(
        engine=engine,
        options="-O2",
        instructions=150_000,
        instructions_per_mac=0.426,
        flash_bytes=15_000,
        model_bytes=10_000,
        ram_bytes=7_000,
        stack_bytes=900,
        bit_exact=bit_exact,
        inputs=100,
        cycles_estimate=250_000,
        ms_at_64_mhz=3.906,
        kinds=dict.fromkeys(KINDS, 25_000),
        operators=(Share("conv_1 + pool_1", 90_000, 150_000), Share("dense_1", 60_000, 100_000)),
    )


def printed(rows: list[Row], by_hand: tuple[Quoted, ...] = ()) -> str:
    console = Console(width=TABLE_COLUMNS, file=io.StringIO())
    show(Comparison(tuple(rows), ("some-baseline: refuses the model",)), by_hand, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return " ".join(text.split())


def test_the_tables_say_what_was_measured() -> None:
    text = printed([row("aot-speed", True), row("aot-size", False)])
    assert "aot-speed -O2 150,000 0.43 15,000 10,000 7,000 all 100" in text
    assert "aot-size -O2 150,000 0.43 15,000 10,000 7,000 no" in text
    assert "aot-speed -O2 250,000 1.67 3.91" in text
    assert "conv_1 + pool_1 90,000 60.0 % 150,000" in text
    assert text.endswith("some-baseline: refuses the model")


def test_figures_quoted_for_one_network_do_not_stand_beside_another(mnist: Path) -> None:
    model = read_model(mnist / "model.tflite")
    assert "1,776,330" in printed([row("aot-speed", True)], quoted(model))
    assert "quoted" not in printed([row("aot-speed", True)])
    shorter = dataclasses.replace(model, operators=model.operators[:-1])
    assert quoted(shorter) == ()


def test_figures_quoted_for_other_weights_say_so_with_the_hash(mnist: Path) -> None:
    model = read_model(mnist / "model.tflite")
    (first, *_) = quoted(model)
    measured = b"" if first.flatbuffer_sha256 == model.sha256 else b"other"
    assert (first.text == "quoted") == (not measured)
    changed = dataclasses.replace(model, data=model.data + b" ")
    assert {one.text for one in quoted(changed)} == {f"quoted, other weights ({first.flatbuffer_sha256[:8]})"}


def test_a_build_that_fails_says_what_the_compiler_said(mnist: Path, tmp_path: Path) -> None:
    generate(mnist / "model.tflite", mnist / "manifest.json", tmp_path / "generated")
    (tmp_path / "generated" / "model.c").write_text("int model_invoke(void) { return unknown_name; }\n")
    with pytest.raises(UserError, match=r"error: .unknown_name. undeclared"):
        build_bare(tmp_path / "generated", tmp_path / "out", "-O2")


# ---- MLPerf Tiny's reference networks ----


def test_missing_reference_networks_are_all_named(mnist: Path) -> None:
    with pytest.raises(UserError, match=r"lacks .*kws_ref_model.*, .*ad01_int8.tflite of https.* fetch"):
        mlperf.find(mnist)


def test_the_four_networks_are_known_by_their_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = mlperf.tasks()
    assert [task.name for task in known] == ["kws", "ic", "vww", "ad"]
    for number, _ in enumerate(known):
        (tmp_path / f"{number}.tflite").write_bytes(bytes([number]))
    renamed = tuple(
        dataclasses.replace(task, sha256=sha256_of(tmp_path / f"{number}.tflite"))
        for number, task in enumerate(known)
    )
    monkeypatch.setattr(mlperf, "tasks", lambda: renamed)
    found = mlperf.find(tmp_path)
    assert [path.name for _, path in found] == ["0.tflite", "1.tflite", "2.tflite", "3.tflite"]


def test_a_limited_image_keeps_to_its_flash(mnist: Path, tmp_path: Path) -> None:
    task = dataclasses.replace(mlperf.tasks()[0], flash_limit=17_000, ram_limit=20_000)
    network = read_network(mnist / "model.tflite", 3)
    limited, speed, size = mlperf.measure_one(task, network, tmp_path, lambda line: None)
    assert limited.flash_bytes <= 17_000 < speed.flash_bytes
    assert size.flash_bytes < limited.flash_bytes
    assert {row.equal for row in (limited, speed, size)} == {3}
    with pytest.raises(UserError, match="cannot be built within 5,000 bytes of flash"):
        list(
            mlperf.measure_one(
                dataclasses.replace(task, flash_limit=5_000), network, tmp_path, lambda line: None
            )
        )


def test_measured_quoted_and_recorded_figures_stand_side_by_side() -> None:
    (task, *_) = mlperf.tasks()
    row = mlperf.MlperfRow(task.name, "aot-speed", True, 2_000_000, 3_000_000, 54_000, 18_000, 10, 9)
    measured, tflm, record = mlperf.cells([row], [task])
    assert measured[1:] == (
        "aot-speed, at most 80,000 of flash",
        "2,000,000",
        "3,000,000",
        "54,000",
        "18,000",
        "9 of 10",
    )
    assert tflm[2:4] == ("8,010,000", "9,421,000")
    assert "on silicon (quoted)" in record[1]
    assert record[2:] == ("", "5,180,000", "", "", "")
