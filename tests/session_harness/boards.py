"""Builds whole images with the engines and the model of this folder, and talks to the boards running them."""

import subprocess
import time
import zlib
from pathlib import Path

from contract.protocol import RESULT_HEADER, FrameType
from host.frames import Frame, encode
from host.link import Link
from tests.c_build import FIRMWARE
from tests.session_harness import fake

HERE = Path(__file__).parent
ANSWER_SECONDS = 20.0  # far more than any answer needs on a busy machine


def build(out: Path, *options: str, engine: str = "fake", target: str = "all") -> Path:
    """Run firmware/Makefile for the fake model and return the folder of the image."""
    result = subprocess.run(
        [
            *("make", "-C", str(FIRMWARE), f"OUT={out}", f"GENERATED={HERE / 'fake_model'}"),
            *(f"ENGINE={engine}", f"ENGINE_DIR={HERE / f'{engine}_engine'}", *options, target),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return out


class Client:
    """A host that sends what it likes and takes every frame that comes."""

    def __init__(self, descriptor: int) -> None:
        self._link = Link(descriptor)
        self._frames: list[Frame] = []

    def send(self, line: bytes) -> None:
        """Queue any bytes. They go out while an answer is waited for."""
        self._link.send(line)

    def next_frame(self) -> Frame:
        give_up = time.monotonic() + ANSWER_SECONDS
        while not self._frames:
            assert time.monotonic() < give_up, "the board did not answer"
            self._frames += self._link.receive(1)
        return self._frames.pop(0)

    def frames_until_silence(self, seconds: float) -> list[Frame]:
        """What comes until nothing has come for `seconds`."""
        frames, self._frames = self._frames, []
        while more := self._link.receive(seconds):
            frames += more
        return frames

    def ask(self, request: Frame) -> Frame:
        """The next frame after `request` went out."""
        self.send(encode(request))
        return self.next_frame()

    def infer(self, sequence: int, data: bytes) -> int:
        """Run one inference, check its answer, and return its ticks."""
        answer = self.ask(Frame(FrameType.INFER, sequence, data))
        assert (answer.type, answer.sequence) == (FrameType.RESULT, sequence)
        crc, ticks = RESULT_HEADER.unpack_from(answer.body)
        assert crc == zlib.crc32(data)
        assert answer.body[RESULT_HEADER.size :] == fake.fake_output(data)
        return int(ticks)
