"""thimble doctor: what is installed, and what is missing for what."""

import argparse
import json
import platform
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib import metadata

from thimble.workspace import DISTRIBUTION

# What programs are for, and which package brings them on Debian and Ubuntu.
PROGRAMS = {
    "make": ("building images", "make"),
    "cc": ("BOARD native", "gcc"),
    "arm-none-eabi-gcc": ("images for Cortex-M", "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
    "qemu-system-arm": ("emulated boards", "qemu-system-arm"),
    "arduino-cli": ("the Arduino Nano 33 BLE", "arduino-cli, from arduino.github.io/arduino-cli"),
}
# What packages are for, and the extra that brings them.
PACKAGES = {
    "tflite-micro": ("holding a flatbuffer against the reference", "reference"),
    "tensorflow": ("quantising .keras models", "train"),
    "matplotlib": ("the report", "report"),
    "jinja2": ("the report", "report"),
}


@dataclass(frozen=True)
class Finding:
    """One thing that is there, with its version, or is not, with what it is for and how it comes."""

    name: str
    version: str | None
    purpose: str
    remedy: str


def version() -> str:
    """Of this distribution."""
    return _package(DISTRIBUTION) or "unknown"


def findings() -> list[Finding]:
    found = [
        Finding(name, _program(name), purpose, f"install {package}")
        for name, (purpose, package) in PROGRAMS.items()
    ]
    return found + [
        Finding(name, _package(name), purpose, f"pip install '{DISTRIBUTION}[{extra}]'")
        for name, (purpose, extra) in PACKAGES.items()
    ]


def _program(name: str) -> str | None:
    path = shutil.which(name)
    if path is None:
        return None
    argument = "version" if name == "arduino-cli" else "--version"
    try:
        done = subprocess.run([path, argument], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "there, but it does not answer"
    return (done.stdout.splitlines() or ["there"])[0]


def _package(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="thimble doctor",
        description="Say what is installed, and what is missing for what. For a report of a fault, add what "
        "thimble info says of the board.",
    )
    parser.add_argument("--json", action="store_true", help="the same for a script")
    options = parser.parse_args(argv)

    from contract.boards import boards
    from host.ports import list_ports, listing

    found = findings()
    if options.json:
        print(json.dumps([asdict(one) for one in found], indent=2))
        return 0
    print(
        f"thimble {version()}, Python {platform.python_version()} ({sys.executable}), {platform.platform()}"
    )
    for one in found:
        state = one.version or f"missing: {one.purpose}; {one.remedy}"
        print(f"{'ok ' if one.version else '-- '} {one.name:<18} {state}")
    print(f"boards  {', '.join(boards())}")
    print(listing(list_ports()))
    return 0
