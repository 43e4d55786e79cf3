"""Moves frames over anything that looks like a serial port: a file descriptor of bytes in and out.

The link never blocks on writing. A board that is busy sending does not take bytes, so a host that insisted on
writing first would wait for a board that waits for the host.
"""

import os
import select

from host.frames import Decoder, Frame

READ_BYTES = 1 << 16


class HungUpError(Exception):
    """The other end of the line is gone."""


class Link:
    def __init__(self, descriptor: int) -> None:
        """`descriptor`: of a serial port, a pty or a socket. It is made non-blocking and not closed here."""
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._decoder = Decoder()
        self._outbox = bytearray()
        self.bytes_sent = 0
        self.bytes_received = 0

    def send(self, encoded: bytes) -> None:
        """Queue a frame's bytes (of `host.frames.encode`). `receive` sends what the line takes."""
        self._outbox += encoded

    def receive(self, seconds: float) -> list[Frame]:
        """Move bytes both ways until some were moved or `seconds` have passed; return the frames completed.

        An empty list does not mean that the time is over: bytes may have moved without completing a frame.
        HungUpError where the other end is gone.
        """
        waiting_to_write = [self._descriptor] if self._outbox else []
        readable, writable, _ = select.select([self._descriptor], waiting_to_write, [], max(0.0, seconds))
        try:
            if writable:
                written = os.write(self._descriptor, self._outbox)
                del self._outbox[:written]
                self.bytes_sent += written
            data = os.read(self._descriptor, READ_BYTES) if readable else None
        except BlockingIOError:
            return []
        except OSError as error:
            raise HungUpError(error.strerror) from error
        if data is None:
            return []
        if not data:  # a line that is ready to read and has nothing to read was hung up
            raise HungUpError("hung up")
        self.bytes_received += len(data)
        return self._decoder.feed(data)

    @property
    def is_sending(self) -> bool:
        """Whether bytes wait for the line to take them."""
        return bool(self._outbox)

    @property
    def noise_chunks(self) -> int:
        """How many runs of bytes were not frames."""
        return self._decoder.noise_chunks

    @property
    def noise_text(self) -> str:
        """The readable part of the noise, capped."""
        return self._decoder.noise_text
