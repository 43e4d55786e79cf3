"""The files that stages hand to each other: whole or absent, read back as written, refused when damaged."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from contract.errors import UserError
from contract.files import replacing, sha256, sha256_of, write_text
from contract.firmware import Firmware, read_firmware
from contract.manifest import Manifest, OutputScores, TensorInfo, read_manifest
from contract.reference import Reference, read_reference
from contract.task import CLASSIFICATION, Task

MANIFEST = Manifest(
    model="mnist",
    recipe="seed",
    method="ptq",
    sha256="ab" * 32,
    flatbuffer_bytes=9600,
    inputs=(TensorInfo("image", "int8", (1, 28, 28, 1), 1 / 255, -128),),
    outputs=(TensorInfo("probabilities", "int8", (1, 10), 1 / 256, -128),),
    layers=("conv_1", "pool_1"),
    tasks=(Task(CLASSIFICATION, tuple("0123456789")),),
    images=10000,
    scores=(OutputScores({"accuracy": 0.981}, {"accuracy": 0.982}),),
    arena_bytes=10400,
    representative_images=500,
    representative_seed=0,
    dataset_sha256="cd" * 32,
    dataset_source="a test",
    versions={"tensorflow": "2.21.0"},
)

FIRMWARE = Firmware(
    board="mps2-an386",
    engine="aot",
    link="semihosting",
    image="firmware.elf",
    image_sha256="ef" * 32,
    image_flash_bytes=20000,
    image_ram_bytes=12000,
    flash_bytes=15000,
    model_bytes=7000,
    ram_bytes=9000,
    stack_bytes=700,
    instructions=160000,
    compiler="gcc",
    options="-O2",
    sha256="ab" * 32,
)


def reference(**changes: object) -> Reference:
    generator = np.random.default_rng(0)
    whole = Reference(
        inputs=generator.integers(-128, 128, (5, 4, 4, 1)).astype(np.int8),
        outputs=generator.integers(-128, 128, (5, 10)).astype(np.int8),
        targets=(np.arange(5, dtype=np.int64),),
        float_predictions=(generator.random((5, 10), dtype=np.float32),),
        sha256="ab" * 32,
        dataset_sha256="cd" * 32,
    )
    return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]


def test_a_manifest_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path / "manifest.json")
    assert read_manifest(tmp_path / "manifest.json") == MANIFEST


@pytest.mark.parametrize(
    "key", [field.name for field in dataclasses.fields(Manifest) if field.name != "format"]
)
def test_a_manifest_without_a_key_is_refused(tmp_path: Path, key: str) -> None:
    document = dataclasses.asdict(MANIFEST)
    del document[key]
    (tmp_path / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(UserError, match="is damaged"):
        read_manifest(tmp_path / "manifest.json")


def test_a_manifest_of_another_format_or_no_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    with pytest.raises(UserError, match="python -m quantize writes it"):
        read_manifest(path)
    path.write_text("{")
    with pytest.raises(UserError, match=r"is damaged, .*; python -m quantize writes it again"):
        read_manifest(path)
    path.write_text("[]")
    with pytest.raises(UserError, match="is damaged"):
        read_manifest(path)
    path.write_text(json.dumps({**dataclasses.asdict(MANIFEST), "format": 99}))
    with pytest.raises(UserError, match="format 99"):
        read_manifest(path)


@pytest.mark.parametrize("labelled", [True, False])
def test_a_reference_is_read_back_as_it_was_written(tmp_path: Path, labelled: bool) -> None:
    written = reference() if labelled else reference(targets=(None,), float_predictions=None)
    written.write(tmp_path / "reference.npz")
    read = read_reference(tmp_path / "reference.npz")
    for field in dataclasses.fields(Reference):
        if getattr(written, field.name) is None:
            assert getattr(read, field.name) is None
        else:
            np.testing.assert_array_equal(getattr(read, field.name), getattr(written, field.name))


def test_a_damaged_reference_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reference.npz"
    with pytest.raises(UserError, match="python -m quantize writes it"):
        read_reference(path)
    reference().write(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match="damaged"):
        read_reference(path)
    reference(targets=(np.arange(4),)).write(path)
    with pytest.raises(UserError, match="differ in length"):
        read_reference(path)


def test_a_reference_with_other_types_is_refused(tmp_path: Path) -> None:
    reference(outputs=np.zeros((5, 10), np.int16)).write(tmp_path / "reference.npz")
    with pytest.raises(UserError, match="damaged"):
        read_reference(tmp_path / "reference.npz")


def test_firmware_json_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    FIRMWARE.write(tmp_path)
    assert read_firmware(tmp_path) == FIRMWARE
    (tmp_path / "firmware.json").write_text("{}")
    with pytest.raises(UserError, match="make firmware"):
        read_firmware(tmp_path)


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "text.txt"
    write_text(path, "whole")
    with pytest.raises(RuntimeError), replacing(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]
    assert sha256_of(path) == sha256(b"whole")
