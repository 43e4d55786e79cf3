"""Every command explains itself, at once."""

import os
import subprocess
import sys

import pytest

from tests.pipeline import ROOT

COMMANDS = {
    "train": "--recipe",
    "quantize": "--representative",
    "quantize compare": "--model",
    "codegen": "--optimize",
    "bench": "compare",
    "measure": "--board",
    "host": "validate",
    "host validate": "--threshold",
    "host info": "--port",
    "host ports": "--help",
    "host flash": "--port",
    "report": "--out",
    "report.recognition": "--images",
    "report.seeds": "history.json",
    "export": "--generated",
}


@pytest.mark.parametrize(("command", "option"), COMMANDS.items())
def test_help_answers_in_under_half_a_second(command: str, option: str) -> None:
    """In processor time, which other programs on the machine do not lengthen."""
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-m", *command.split(), "--help"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    after = os.times()
    assert done.returncode == 0, done.stderr
    assert option in done.stdout
    seconds = (after.children_user - before.children_user) + (after.children_system - before.children_system)
    assert seconds < 0.5
