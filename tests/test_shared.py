"""Several boards share the inputs of one run."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contract.errors import UserError
from contract.validation import read_validation
from host import journal
from host.__main__ import main
from tests.c_build import ROOT
from tests.test_command import thimble
from tests.test_resume import native  # noqa: F401
from tests.test_state import stream


def test_boards_share_the_inputs(native: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    assert main(["validate", str(native), "--images", "2000", "--boards", "3", "--quiet"]) == 0
    validation, answers = read_validation(native)
    assert (validation.bit_exact, answers.index.tolist()) == (2000, list(range(2000)))
    counts = [
        int(one.replace(",", "")) for one in re.findall(r"board \d: ([\d,]+) images", capsys.readouterr().err)
    ]
    assert sum(counts) == 2000
    assert min(counts) > 100


def test_what_a_board_leaves_others_take(native: Path) -> None:  # noqa: F811
    command = [sys.executable, "-m", "host", "validate", str(native), "--boards", "2", "--quiet"]
    host = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    path = native / journal.FILE_NAME
    while not path.exists() or path.stat().st_size < 26 * 2000:
        time.sleep(0.001)
        assert host.poll() is None
    children = [
        child
        for task in Path(f"/proc/{host.pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    assert len(children) == 2
    os.kill(int(children[0]), signal.SIGKILL)
    _, said = host.communicate(timeout=120)
    assert host.returncode == 0, said
    assert "drops out" in said
    assert read_validation(native)[0].bit_exact == 10_000


def test_where_no_board_is_left_the_run_fails(native: Path) -> None:  # noqa: F811
    with pytest.raises(UserError, match="there is no port"):
        main(["validate", str(native), "--port", "/dev/nothing1", "--port", "/dev/nothing2"])


def test_a_state_stays_on_one_board(tmp_path: Path) -> None:
    (tmp_path / "stream.tflite").write_bytes(stream(1).flatbuffer())
    assert thimble(tmp_path, "deploy", "stream.tflite", "--board", "native", "--images", "20").returncode == 0
    with pytest.raises(UserError, match="belongs on one board"):
        main(["validate", str(tmp_path / "stream-thimble" / "native-aot"), "--boards", "2"])
