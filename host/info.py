"""Asks a board what runs on it."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from contract.firmware import read_firmware
from contract.protocol import HelloReply, WireTensor
from host.boards import open_board
from host.boards.hardware import hardware
from host.ports import list_ports, pick
from host.session import Session


def info(folder: Path | None, port: str | None, as_json: bool = False) -> None:
    """Print what runs on the board at `port`, or the one for `folder`'s image, or the one plugged in."""
    if folder is not None:
        opened = open_board(read_firmware(folder), folder, port)
    else:
        opened = hardware(port or pick(list_ports()).path)
    with opened as board:
        hello = Session(board).hello()
        if as_json:
            numbers = {
                **dataclasses.asdict(hello),
                "tick_unit": hello.tick_unit.name.lower(),
                "inputs": [_numbers(tensor) for tensor in hello.inputs],
                "outputs": [_numbers(tensor) for tensor in hello.outputs],
                "where": board.name,
            }
            print(json.dumps(numbers, indent=2))
        else:
            print(described(hello, board.name))


def described(hello: HelloReply, where: str) -> str:
    """What `hello` says, a line each."""
    unit = hello.tick_unit.name.lower()
    rows = [
        ("board", f"{hello.board} ({where})"),
        ("engine", hello.engine),
        ("model", hello.sha256 + (", with a state" if hello.stateful else "")),
        *(("input", _tensor(tensor, len(hello.inputs))) for tensor in hello.inputs),
        *(("output", _tensor(tensor, len(hello.outputs))) for tensor in hello.outputs),
        ("ticks", f"{unit}s, {hello.tick_hz:,} a second"),
        (
            "line",
            f"protocol {hello.version}, {hello.frames_in_flight} frames in flight, "
            f"requests up to {hello.max_body:,} B",
        ),
    ]
    return "\n".join(f"{name:8}{text}" for name, text in rows)


def _numbers(tensor: WireTensor) -> dict[str, Any]:
    return {**dataclasses.asdict(tensor), "type": tensor.type.name.lower()}


def _tensor(tensor: WireTensor, of: int) -> str:
    """Type, shape and quantisation; the name where there are several."""
    shape = " x ".join(str(size) for size in tensor.shape)
    kind = f"{tensor.type.name.lower()} {shape}" + (f" {tensor.name}" if of > 1 else "")
    if not tensor.scale:
        return kind
    return f"{kind}, scale {tensor.scale:.9g}, zero point {tensor.zero_point}"
