"""The wheel: one importable name, and the whole pipeline without the checkout."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.c_build import ROOT
from tests.networks import classifier


def run(command: list[str | Path], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the committed and added files, which is gone afterwards."""
    checkout, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        if not name.startswith(("docs/", "tests/", "models/")) and (ROOT / name).exists():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            (checkout / name).write_bytes((ROOT / name).read_bytes())
    command: list[str | Path] = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    done = run([*command, "--no-build-isolation", "--wheel-dir", out, checkout], out)
    assert done.returncode == 0, done.stderr
    checkout.rename(checkout.with_name("moved-away"))
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel alone, that sees the packages of this one: what it needs is installed
    here, and nothing has to be downloaded."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    command: list[str | Path] = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    done = run([*command, "--target", site, wheel], folder)
    assert done.returncode == 0, done.stderr
    here = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    # A path file adds packages, but not this checkout's own path files.
    (site / "packages.pth").write_text(f"{here}\n")
    script = folder / "bin" / "thimble"
    script.write_text(f"#!{folder / 'bin' / 'python'}\nfrom thimble.__main__ import entry\nentry()\n")
    script.chmod(0o755)
    return folder


def test_the_wheel_has_one_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        (listed,) = (name for name in archive.namelist() if name.endswith("top_level.txt"))
        assert archive.read(listed).decode().split() == ["thimble"]
        (scripts,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "thimble = thimble.__main__:entry" in archive.read(scripts).decode()
    assert {top for top in tops if not top.endswith(".dist-info")} == {"thimble"}


EVERY_MODULE = """
import importlib, pkgutil, sys, thimble
for module in pkgutil.walk_packages(thimble.__path__, "thimble."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
from thimble.contract.boards import FOLDER
print(FOLDER)
ours = ("bench", "codegen", "contract", "export", "host", "measure", "quantize", "report", "train")
print(sorted(set(ours) & set(sys.modules)))
"""


def test_every_module_is_imported_from_the_wheel(environment: Path, tmp_path: Path) -> None:
    done = run([environment / "bin" / "python", "-c", EVERY_MODULE], tmp_path)
    assert done.returncode == 0, done.stderr
    folder, others = done.stdout.splitlines()[-2:]
    assert folder.startswith(str(environment))
    assert others == "[]"


def test_a_flatbuffer_reaches_an_emulated_board_and_becomes_a_library(
    environment: Path, tmp_path: Path
) -> None:
    import numpy as np

    (tmp_path / "my net.tflite").write_bytes(classifier(np.random.default_rng(4)).flatbuffer())
    thimble = environment / "bin" / "thimble"
    checked = run([thimble, "check", "my net.tflite", "--board", "nano33ble"], tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert "fits nano33ble" in checked.stdout
    deployed = run([thimble, "deploy", "my net.tflite", "--images", "50"], tmp_path)
    assert deployed.returncode == 0, deployed.stderr + deployed.stdout
    assert "equal to the reference, byte for byte: 50" in deployed.stdout
    assert (tmp_path / "my net-thimble" / "report" / "index.html").is_file()
    exported = run([thimble, "export", "my net.tflite", "--out", "library"], tmp_path)
    assert exported.returncode == 0, exported.stderr
    assert (tmp_path / "library" / "src" / "my_net.h").is_file()
    assert (tmp_path / "library" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
