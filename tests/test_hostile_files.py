"""Files between the stages that were damaged, forged or made to harm: one line and exit code 2, soon, with
little memory and before TensorFlow is imported. Nothing that was not computed passes for a result."""

import ctypes
import io
import json
import os
import re
import resource
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contract.manifest import read_manifest
from contract.reference import read_reference
from tests.hostile import accepted, refused
from tests.validated import validated

Arrays = dict[str, NDArray[Any]]


@pytest.fixture(scope="module")
def made(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a validated image, in its model's."""
    return validated(mnist, tmp_path_factory.mktemp("build") / "mnist-pretrained")


@pytest.fixture
def image(made: Path, tmp_path: Path) -> Path:
    """The same, to be damaged."""
    shutil.copytree(made.parent, tmp_path / "model")
    return tmp_path / "model" / made.name


def validate(image: Path) -> list[object]:
    return ["host", "validate", image]


def show(image: Path) -> list[object]:
    return ["host", "show", image]


def report(image: Path) -> list[object]:
    return ["report", image]


def test_what_is_damaged_here_is_whole(image: Path) -> None:
    accepted(show(image))
    assert "there is no" in refused(validate(image))  # the image itself: it was never built


# ---- JSON ----


def deep(_: Any) -> str:
    return "[" * 100_000 + "]" * 100_000


def changed(**values: Any) -> Callable[[Any], str]:
    return lambda document: json.dumps({**document, **values})


JSON_DAMAGE: dict[str, Callable[[Any], str]] = {
    "100,000 lists in each other": deep,
    "nothing": lambda _: "",
    "half of it": lambda document: json.dumps(document)[:100],
    "a number": lambda _: "5",
    "a list": lambda _: "[]",
    "numbers where texts belong": lambda document: json.dumps(dict.fromkeys(document, 5)),
    "lists where numbers belong": lambda document: json.dumps({key: [[]] for key in document}),
    "a key that acts": changed(**{"\x1b[2J\nerror: fine": 1}),
    "a number without end": lambda document: json.dumps({**document, "sha256": 1})[:-1] + "9" * 5000 + "}",
    "infinity": lambda document: re.sub(r": \d[.\d]*", ": 1e999", json.dumps(document)),
    "no text": lambda _: "\x00\xff\xfe",
}


@pytest.mark.parametrize("damage", JSON_DAMAGE)
@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("manifest.json", validate), ("firmware.json", validate), ("validation.json", show),
        ("manifest.json", report), ("history.json", report), ("layers.json", report),
    ],
)  # fmt: skip
def test_json(damage: str, file: str, command: Callable[[Path], list[object]], image: Path) -> None:
    path = image / file if (image / file).exists() else image.parent / file
    path.write_text(JSON_DAMAGE[damage](json.loads(path.read_text())), encoding="latin-1")
    assert f"{path} is damaged" in refused(command(image))
    assert not (image.parent / "report").exists()


# ---- arrays ----


def npz(path: Path, arrays: Arrays) -> None:
    np.savez(path, **arrays)  # type: ignore[arg-type]


def loaded(path: Path) -> Arrays:
    with np.load(path) as arrays:
        return dict(arrays)


def header(shape: tuple[int, ...], kind: str = "|i1") -> bytes:
    """An array's file that claims this shape and holds four bytes."""
    file = io.BytesIO()
    described = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, described)  # type: ignore[no-untyped-call]
    return file.getvalue() + bytes(4)


def archive(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)


ARCHIVES: dict[str, dict[str, bytes]] = {
    "an array of 2^62 bytes": {"inputs.npy": header((2**31, 2**31))},
    "an array of negative size": {"inputs.npy": header((-2, -2))},
    "an array of objects": {"inputs.npy": header((4,), "|O")},
    "a gigabyte of zeros": {"inputs.npy": header((10**9,))[:-4] + bytes(10**9)},
    "no array": {"inputs.npy": b"not an array"},
    "nothing of what is needed": {"other.npy": header((4,))},
    "a header that does not end": {"inputs.npy": b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65_535},
}


@pytest.mark.parametrize("what", ARCHIVES)
def test_archives_are_not_believed(what: str, image: Path) -> None:
    archive(image.parent / "reference.npz", ARCHIVES[what])
    assert "reference.npz is damaged" in refused(validate(image))
    data = image.parent / "data.npz"
    archive(data, {name.replace("inputs", "x_test"): held for name, held in ARCHIVES[what].items()})
    quantize = ["quantize", "--tflite", image.parent / "model.tflite", "--data", data, "--out", image / "q"]
    assert str(data) in refused(quantize)
    if what == "nothing of what is needed":
        return  # which the network alone tells
    keras = image.parent / "network.keras"
    archive(keras, {"config.json": b"{}"})
    assert str(data) in refused(["quantize", "--model", keras, "--data", data, "--out", image / "q"])
    assert not (image / "q").exists()


@pytest.mark.parametrize("damage", ["nothing", "cut short", "flipped", "pipe", "folder"])
def test_files_that_are_no_archives(damage: str, image: Path) -> None:
    path = image.parent / "reference.npz"
    whole = path.read_bytes()
    path.unlink()
    if damage == "pipe":
        os.mkfifo(path)
    elif damage == "folder":
        path.mkdir()
    else:
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :]
        path.write_bytes({"nothing": b"", "cut short": whole[:middle], "flipped": flipped}[damage])
    assert "reference.npz is damaged" in refused(validate(image))


REFERENCE_DAMAGE: dict[str, Callable[[Arrays], Arrays]] = {
    "a label of 99": lambda a: {"targets_0": np.where(a["targets_0"] == 7, 99, a["targets_0"])},
    "a label of -1": lambda a: {"targets_0": a["targets_0"] - 1},
    "labels with fractions": lambda a: {"targets_0": a["targets_0"] + 0.5},
    "too few labels": lambda a: {"targets_0": a["targets_0"][:-1]},
    "a table of labels": lambda a: {"targets_0": np.stack([a["targets_0"]] * 2, 1)},
    "one label": lambda a: {"targets_0": np.array(3)},
    "predictions that are no number": lambda a: {
        "float_predictions_0": np.full_like(a["float_predictions_0"], np.nan)
    },
    "predictions without end": lambda a: {"float_predictions_0": a["float_predictions_0"] / np.float32(0)},
    "predictions of three classes": lambda a: {"float_predictions_0": a["float_predictions_0"][:, :3]},
    "predictions as text": lambda a: {"float_predictions_0": a["float_predictions_0"].astype("U9")},
    "inputs of another shape": lambda a: {"inputs": a["inputs"][:, :14]},
    "inputs in no row": lambda a: {"inputs": np.array(0, np.int8)},
    "no inputs": lambda a: {name: a[name][:0] for name in a if a[name].ndim},
    "another model's": lambda a: {"sha256": np.array("0" * 64)},
    "10^18 outputs": lambda a: {"output_count": np.array(10**18)},
    "several numbers of outputs": lambda a: {"output_count": np.arange(3)},
}


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize("damage", REFERENCE_DAMAGE)
def test_a_reference_whose_numbers_cannot_be_is_refused(damage: str, image: Path) -> None:
    """By what compares with it, and by what draws it."""
    path = image.parent / "reference.npz"
    arrays = loaded(path)
    npz(path, {**arrays, **REFERENCE_DAMAGE[damage](arrays)})
    assert "reference.npz" in refused(validate(image))
    if damage != "another model's":
        assert "reference.npz" in refused(report(image))


# ---- a validation ----

COUNTS: dict[str, dict[str, Any]] = {
    "more images": {"images": 601, "answered": 601},
    "all exact": {"bit_exact": 600, "mismatches": 0},
    "none different": {"mismatches": 0},
    "retries that were none": {"retries": 5},
}


@pytest.mark.parametrize("what", COUNTS)
def test_counts_follow_from_the_answers(what: str, image: Path) -> None:
    """Whoever writes other counts into the JSON has not passed."""
    path = image / "validation.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **COUNTS[what]}))
    for command in (show, report):
        assert "it counts" in refused(command(image))


def test_the_two_files_are_of_one_run(image: Path) -> None:
    """A run that is killed between the two leaves a pair that nobody takes for one."""
    arrays = loaded(image / "validation.npz")
    npz(image / "validation.npz", {**arrays, "ticks": arrays["ticks"] + 1})
    for command in (show, report):
        assert "of different runs" in refused(command(image))


def rehashed(image: Path, arrays: Arrays) -> None:
    from contract.files import sha256_of

    npz(image / "validation.npz", arrays)
    path = image / "validation.json"
    document = {**json.loads(path.read_text()), "answers_sha256": sha256_of(image / "validation.npz")}
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "change",
    [
        lambda a: {"index": a["index"] + 10**6}, lambda a: {"index": a["index"] * 0},
        lambda a: {"index": -a["index"]}, lambda a: {"outputs": a["outputs"][:, :3]},
        lambda a: {"outputs": a["outputs"][:5]}, lambda a: {"ticks": a["ticks"][0]},
        lambda a: {"more": a["ticks"]},
    ],
)  # fmt: skip
def test_answers_that_cannot_be_are_refused(change: Callable[[Arrays], Arrays], image: Path) -> None:
    arrays = loaded(image / "validation.npz")
    rehashed(image, {**arrays, **change(arrays)})
    assert "is damaged" in refused(report(image))


def test_texts_of_a_board_do_nothing(image: Path) -> None:
    path = image / "validation.json"
    forged = {**json.loads(path.read_text()), "noise": "a\x1b[2J\nerror: forged", "engine": "\x1b]0;x\x07"}
    path.write_text(json.dumps(forged))
    reply = accepted(show(image))
    assert "\x1b" not in reply.printed
    assert r"a\x1b[2J\nerror: forged" in reply.printed


# ---- folders and disks ----


def ordinary_user() -> None:
    """Take from root, where it is, the right to write what may not be written (CAP_DAC_OVERRIDE)."""
    if os.geteuid() == 0:
        prctl_drop, cap_dac_override = 24, 1
        ctypes.CDLL(None, use_errno=True).prctl(prctl_drop, cap_dac_override)


def test_a_folder_that_may_not_be_written(image: Path) -> None:
    image.chmod(0o555)
    image.parent.chmod(0o555)
    for arguments in (
        ["codegen", "--tflite", image.parent / "model.tflite", "--out", image / "generated"],
        ["quantize", "--tflite", image.parent / "model.tflite", "--out", image / "quantised"],
        ["report", image],
    ):
        assert "Permission denied" in refused(arguments, preexec_fn=ordinary_user)


def full_disk() -> None:
    """No file may grow beyond 4 KB, which to a program is the same as a full disk."""
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_full_disk_leaves_nothing_behind(image: Path) -> None:
    out = image / "generated"
    arguments = ["codegen", "--tflite", image.parent / "model.tflite", "--out", out]
    assert "File too large" in refused(arguments, preexec_fn=full_disk)
    assert not out.exists() or not any(out.iterdir())
    before = (image / "validation.json").read_bytes()
    assert "File too large" in refused(["report", image], preexec_fn=full_disk)
    assert (image / "validation.json").read_bytes() == before


def test_what_is_printed_may_have_no_room(image: Path) -> None:
    import subprocess
    import sys

    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "host", "show", str(image)],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "error: cannot use what is printed: No space left on device\n"


def test_the_reference_of_the_tests_is_whole(mnist: Path) -> None:
    """What the damage above begins with."""
    reference, manifest = read_reference(mnist / "reference.npz"), read_manifest(mnist / "manifest.json")
    assert len(reference.inputs) == manifest.images
