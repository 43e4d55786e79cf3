"""The command over all stages: what it says without arguments, its refusals, its exit codes, its check."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from codegen.aot.plan import plan_model
from codegen.names import Identifiers, layer_names
from contract.flatbuffer import parse_model
from tests.c_build import ROOT
from tests.networks import Network, classifier, make_unsupported, random_weights
from thimble.commands import COMMANDS, EXTRAS, overview
from thimble.commands.check import CYCLES_AN_INSTRUCTION, check
from thimble.commands.completion import SHELLS
from thimble.commands.doctor import PACKAGES


def thimble(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "thimble", *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
    )


# ---- what it says ----
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_answers_in_under_half_a_second(command: str, tmp_path: Path) -> None:
    before = os.times()
    done = thimble(tmp_path, *command.split(), "--help")
    after = os.times()
    assert done.returncode == 0, done.stderr
    assert f"usage: thimble {command}".rstrip() in done.stdout
    seconds = (after.children_user - before.children_user) + (after.children_system - before.children_system)
    assert seconds < 0.5


def test_without_arguments_it_says_what_to_do_here(tmp_path: Path) -> None:
    assert "thimble deploy model.tflite" in overview(tmp_path)
    (tmp_path / "gesture.keras").touch()
    assert "thimble deploy gesture.keras --data your.npz" in overview(tmp_path)
    (tmp_path / "train.npz").touch()
    assert "thimble export gesture.keras --data train.npz --out lib" in overview(tmp_path)
    (tmp_path / "audio.tflite").touch()
    assert "thimble check audio.tflite" in overview(tmp_path)
    done = thimble(tmp_path)
    assert (done.returncode, done.stdout) == (0, overview(tmp_path) + "\n")


def test_what_is_no_command_is_refused_with_what_was_meant(tmp_path: Path) -> None:
    for wrong, hint in (
        ("chek", "did you mean check?"),
        ("net.tflite", "thimble deploy net.tflite"),
        ("qqq", "thimble --help"),
    ):
        done = thimble(tmp_path, wrong)
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
        assert hint in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_the_commands(shell: str, tmp_path: Path) -> None:
    done = thimble(tmp_path, "completion", shell)
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)
    if shell == "bash":
        script = done.stdout + '\nCOMP_WORDS=(thimble de); COMP_CWORD=1; _thimble; echo "${COMPREPLY[@]}"'
        completed = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
        assert completed.stdout.split() == ["deploy"]
    assert shell in SHELLS


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    """As in an environment without the report's packages."""
    (tmp_path / "jinja2.py").write_text("raise ModuleNotFoundError('no', name='jinja2')\n")
    done = subprocess.run(
        [sys.executable, "-m", "thimble", "report", "nowhere"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "pip install 'thimble-mcu[report]'" in done.stderr
    assert {extra for _, extra in PACKAGES.values()} <= set(EXTRAS.values())


def test_the_doctor_says_what_is_there(tmp_path: Path) -> None:
    found = json.loads(thimble(tmp_path, "doctor", "--json").stdout)
    versions = {one["name"]: one["version"] for one in found}
    assert "qemu" in versions["qemu-system-arm"].lower()
    assert versions["tflite-micro"]
    assert all(one["remedy"] for one in found)
    assert thimble(tmp_path, "doctor").returncode == 0
    boards = json.loads(thimble(tmp_path, "boards", "--json").stdout)
    assert "nano33ble" in [one["name"] for one in boards]


# ---- check ----
def test_check_knows_what_the_plan_knows(mnist: Path) -> None:
    found = check(mnist / "model.tflite", "speed")
    model = parse_model((mnist / "model.tflite").read_bytes())
    plan = plan_model(model, layer_names(model, None, Identifiers()), "speed")
    assert (found.arena_bytes, found.constant_bytes) == (plan.arena.bytes, plan.constant_bytes)
    assert found.operators["CONV_2D"] == 2
    assert set(found.runtimes.values()) == {""}
    nano = next(fit for fit in found.boards if fit.board == "nano33ble")
    assert nano.fits
    assert nano.cycles is not None
    assert nano.milliseconds == pytest.approx(nano.cycles / 64_000)
    counted = 149_806  # bench/committed.json
    assert nano.cycles == pytest.approx(CYCLES_AN_INSTRUCTION * counted, rel=0.3)


def test_check_says_every_obstacle_and_ends_with_2(tmp_path: Path) -> None:
    network = classifier(np.random.default_rng(3))
    make_unsupported(network, 1)
    (tmp_path / "odd.tflite").write_bytes(network.flatbuffer())
    done = thimble(tmp_path, "check", "odd.tflite")
    assert done.returncode == 2
    assert "no   the ahead-of-time engine:" in done.stdout
    assert "LSH_PROJECTION" in done.stdout
    assert json.loads(thimble(tmp_path, "check", "odd.tflite", "--json").stdout)["arena_bytes"] is None


def test_check_ends_with_1_where_the_board_asked_for_is_too_small(tmp_path: Path) -> None:
    network = Network((1, 300, 300, 2), 0.05, 0)
    network.conv_2d(random_weights(np.random.default_rng(1), (4, 3, 3, 2)), [0.01] * 4, None, 0.1, 0)
    (tmp_path / "large.tflite").write_bytes(network.flatbuffer())
    done = thimble(tmp_path, "check", "large.tflite", "--board", "nano33ble")
    assert done.returncode == 1
    assert "NO   nano33ble" in done.stdout
    assert thimble(tmp_path, "check", "large.tflite").returncode == 0
    assert thimble(tmp_path, "check", "large.tflite", "--board", "native").returncode == 0


def test_check_names_what_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "text.tflite").write_text("not a flatbuffer")
    (tmp_path / "net.keras").touch()
    (tmp_path / "net.h5").touch()
    for arguments, says in (
        (("check", "nowhere.tflite"), "nowhere.tflite"),
        (("check", "text.tflite"), "text.tflite"),
        (("check", "net.keras"), "thimble tflite"),
        (("deploy", "net.keras"), "--data"),
        (("deploy", "net.h5"), "neither a .tflite flatbuffer nor a .keras model"),
        (("deploy", "nowhere.tflite"), "there is no file nowhere.tflite"),
        (("deploy", "text.tflite", "--board", "moon"), "there is no board moon"),
        (("export", "text.tflite", "--out", "x", "--name", "Bad-Name"), "such as bad_name"),
        (("export", "text.tflite", "--out", "x", "--measure", "nano33ble"), "emulated boards"),
    ):
        done = thimble(tmp_path, *arguments)
        assert done.returncode == 2, arguments
        assert says in done.stderr
        assert "Traceback" not in done.stderr


# ---- deploy and export, here; tests/test_wheel.py does the same from a wheel ----
def test_a_second_deploy_takes_the_artefacts_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(classifier(np.random.default_rng(4)).flatbuffer())
    first = thimble(tmp_path, "deploy", "net.tflite", "--board", "native", "--images", "20")
    assert first.returncode == 0, first.stderr + first.stdout
    second = thimble(tmp_path, "deploy", "net.tflite", "--board", "native", "--images", "20")
    assert "from the same files" in second.stdout
    (tmp_path / "net.tflite").write_bytes(classifier(np.random.default_rng(5)).flatbuffer())
    third = thimble(tmp_path, "deploy", "net.tflite", "--board", "native", "--images", "20")
    assert third.returncode == 0, third.stderr
    assert "from the same files" not in third.stdout


def test_looking_into_a_model_does_not_quantise_it_again(tmp_path: Path) -> None:
    flatbuffer = classifier(np.random.default_rng(4)).flatbuffer()
    (tmp_path / "net.tflite").write_bytes(flatbuffer)
    shape = (40, *parse_model(flatbuffer).tensors[0].shape[1:])
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "d.npz", x_test=rng.random(shape, np.float32), y_test=rng.integers(0, 3, 40))
    deploy = ("deploy", "net.tflite", "--data", "d.npz", "--board", "native", "--threshold", "100")
    assert thimble(tmp_path, *deploy).returncode == 0
    manifest = tmp_path / "net-thimble" / "manifest.json"
    before = manifest.read_bytes()
    done = thimble(tmp_path, "layers", "net.tflite", "--board", "native")
    assert done.returncode == 0, done.stderr
    assert "as it was deployed" in done.stdout
    assert manifest.read_bytes() == before
    other = thimble(tmp_path, "layers", "net.tflite", "--data", "net.tflite", "--board", "native")
    assert (other.returncode, "made from other files" in other.stderr) == (2, True)
    # Artefacts that something else wrote are not taken for those of the model.
    (tmp_path / "zzz.tflite").write_bytes(classifier(np.random.default_rng(9)).flatbuffer())
    assert thimble(tmp_path, "tflite", "--tflite", "zzz.tflite", "--out", "net-thimble").returncode == 0
    again = thimble(tmp_path, *deploy)
    assert again.returncode == 0
    assert "from the same files" not in again.stdout
    assert manifest.read_bytes() == before
    for arguments in (("--data", "d.npz"), ("--task", "regression")):
        refused = thimble(tmp_path, "deploy", "net-thimble", *arguments)
        assert (refused.returncode, "quantised already" in refused.stderr) == (2, True)


def test_what_the_user_s_folders_do_not_allow_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(classifier(np.random.default_rng(4)).flatbuffer())
    (tmp_path / "file").touch()
    done = thimble(tmp_path, "deploy", "net.tflite", "--out", "file")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_json_is_the_standard_output_alone(tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(classifier(np.random.default_rng(4)).flatbuffer())
    done = thimble(tmp_path, "deploy", "net.tflite", "--board", "native", "--images", "20", "--json")
    assert json.loads(done.stdout)["bit_exact"] == 20
    image = tmp_path / "net-thimble" / "native-aot"
    assert json.loads(thimble(tmp_path, "show", image, "--json").stdout)["passed"]
    info = json.loads(thimble(tmp_path, "info", image, "--json").stdout)
    assert (info["board"], info["inputs"][0]["type"]) == ("native", "int8")
    assert isinstance(json.loads(thimble(tmp_path, "ports", "--json").stdout), list)
    done = thimble(tmp_path, "layers", "net.tflite", "--board", "native", "--json")
    assert all(row["different"] == 0 for row in json.loads(done.stdout))


def test_a_keras_model_is_quantised_on_the_way(tmp_path: Path) -> None:
    made = """
import keras, numpy as np
keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)
x = rng.random((400, 6)).astype(np.float32)
y = (x[:, 0] > x[:, 1]).astype(np.int64) + (x[:, 2] > 0.7)
dense = keras.layers.Dense
model = keras.Sequential([keras.Input((6,)), dense(12, "relu"), dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y, epochs=2, verbose=0)
model.save("net.keras")
np.savez("net.npz", x_train=x[:300], y_train=y[:300], x_test=x[300:], y_test=y[300:])
"""
    subprocess.run([sys.executable, "-c", made], cwd=tmp_path, check=True, timeout=240, capture_output=True)
    done = thimble(tmp_path, "export", "net.keras", "--data", "net.npz", "--out", "lib", "--arena", "caller")
    assert done.returncode == 0, done.stderr
    header = (tmp_path / "lib" / "src" / "net.h").read_text()
    assert "NET_STACK_BYTES" in header
    assert "int32_t net_argmax(const struct net *net);" in header
    assert "instructions an inference" in (tmp_path / "lib" / "README.md").read_text()
