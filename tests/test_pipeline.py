"""The pipeline's end with real firmware: the committed model on the native and the emulated board."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from contract.firmware import read_firmware
from contract.manifest import read_manifest
from contract.reference import read_reference
from contract.validation import read_validation
from tests.networks import convolution_of
from tests.pipeline import ROOT, build_image, run_stage


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("build") / "mnist-pretrained"


@pytest.fixture(scope="module")
def native(mnist: Path, folder: Path) -> Path:
    """The native board under AddressSanitizer and UBSan."""
    return build_image(mnist, folder, "native", link="pty", SANITIZE="1")


@pytest.fixture(scope="module")
def qemu(mnist: Path, folder: Path) -> Path:
    return build_image(mnist, folder, "mps2-an386")


def validate(image: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "host", "validate", str(image), *options],
        cwd=ROOT, capture_output=True, text=True, timeout=280,
    )  # fmt: skip


def test_the_native_board_answers_as_the_reference_does(native: Path) -> None:
    done = validate(native, "--images", "2000")
    assert done.returncode == 0, done.stdout + done.stderr
    validation, _ = read_validation(native)
    assert (validation.answered, validation.bit_exact, validation.retries) == (2000, 2000, 0)


def test_the_emulated_board_gives_the_references_bytes_for_all_10000_images(qemu: Path, folder: Path) -> None:
    done = validate(qemu)
    assert done.returncode == 0, done.stdout + done.stderr
    validation, answers = read_validation(qemu)
    reference = read_reference(folder / "reference.npz")
    np.testing.assert_array_equal(answers.outputs, reference.outputs)
    assert validation.bit_exact == validation.images == 10_000
    assert (
        validation.device_accuracy == read_manifest(folder / "manifest.json").scores[0].int8_model["accuracy"]
    )
    assert validation.seconds < 120
    assert validation.device_accuracy is not None
    assert validation.float_accuracy is not None
    assert validation.device_accuracy >= 0.994
    assert validation.device_accuracy >= validation.float_accuracy - 0.0005


def test_fashion_goes_the_same_road(root: Path, tmp_path: Path) -> None:
    image = build_image(root / "models" / "fashion", tmp_path / "fashion-pretrained", "mps2-an386")
    done = validate(image)
    assert done.returncode == 0, done.stdout + done.stderr
    validation, _ = read_validation(image)
    assert validation.bit_exact == validation.images == 10_000
    assert validation.device_accuracy is not None
    assert validation.device_accuracy >= 0.9


@pytest.mark.parametrize("board", ["native", "mps2-an386", "mps2-an385"])
@pytest.mark.parametrize("edges", ["FLOAT32", "UINT8"])
def test_an_application_may_have_other_numbers_than_int8(edges: str, board: str, tmp_path: Path) -> None:
    (tmp_path / "own.tflite").write_bytes(convolution_of(edges, np.random.default_rng(0)).flatbuffer())
    run_stage("quantize", "--tflite", tmp_path / "own.tflite", "--out", tmp_path / "own")
    link = "pty" if board == "native" else "semihosting"
    image = build_image(tmp_path / "own", tmp_path / "own", board, link)
    run_stage("host", "validate", image)
    validation, answers = read_validation(image)
    assert (validation.images, validation.bit_exact) == (1000, 1000)
    assert answers.outputs.dtype.name == edges.lower()


def test_the_emulated_uart_carries_the_same_frames(mnist: Path, folder: Path) -> None:
    image = build_image(mnist, folder, "mps2-an386", link="uart")
    done = validate(image, "--images", "200")
    assert done.returncode == 0, done.stdout + done.stderr
    assert read_validation(image)[0].bit_exact == 200


def test_the_board_reports_what_the_bare_image_measured(qemu: Path) -> None:
    validation, _ = read_validation(qemu)
    firmware = json.loads((qemu / "firmware.json").read_text())
    assert validation.tick_unit == "instruction"
    assert validation.median_ticks == pytest.approx(firmware["instructions"], rel=0.01)
    assert 0 < firmware["stack_bytes"] < 4096
    assert firmware["model_bytes"] < firmware["flash_bytes"] < 983_040


def test_a_board_with_another_model_is_refused_with_both_hashes(native: Path, tmp_path: Path) -> None:
    other = tmp_path / "mnist-other"
    shutil.copytree(native, other / native.name)
    firmware = read_firmware(other / native.name)
    dataclasses.replace(firmware, sha256="12" * 32).write(other / native.name)
    manifest = read_manifest(native.parent / "manifest.json")
    dataclasses.replace(manifest, sha256="12" * 32).write(other / "manifest.json")
    reference = read_reference(native.parent / "reference.npz")
    dataclasses.replace(reference, sha256="12" * 32).write(other / "reference.npz")
    done = validate(other / native.name)
    assert done.returncode == 3
    assert manifest.sha256 in done.stderr
    assert "12" * 32 in done.stderr


def test_killing_the_emulator_half_way_ends_at_once_with_its_own_message(qemu: Path, tmp_path: Path) -> None:
    alone = tmp_path / "mnist-pretrained" / qemu.name
    shutil.copytree(qemu, alone)
    for name in ("manifest.json", "reference.npz"):
        shutil.copy(qemu.parent / name, alone.parent)
    (alone / "validation.json").unlink(missing_ok=True)
    host = subprocess.Popen(
        [sys.executable, "-m", "host", "validate", str(alone), "--wait", "0"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    emulator = _emulator_of(host)
    time.sleep(1.5)
    os.kill(emulator, signal.SIGKILL)
    killed = time.monotonic()
    _, stderr = host.communicate(timeout=30)
    assert time.monotonic() - killed < 5
    assert host.returncode == 3
    assert "emulator" in stderr.lower() or "qemu" in stderr.lower()
    assert not (alone / "validation.json").exists()


def _emulator_of(host: subprocess.Popen[str]) -> int:
    """The process id of the emulator that `host` has started."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        children = Path(f"/proc/{host.pid}/task/{host.pid}/children").read_text().split()
        for child in children:
            if "qemu" in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
        time.sleep(0.05)
    raise AssertionError("the host started no emulator")
