"""The board as a Python object: arrays in, arrays out, with the ticks of each answer."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from contract.errors import UserError
from contract.firmware import read_firmware
from contract.protocol import HelloReply, WireTensor
from contract.reference import stored_values
from host.boards import Board as Line
from host.boards import open_board
from host.boards.hardware import hardware
from host.ports import list_ports, pick
from host.session import Session

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Answer:
    """What the board computed from one input."""

    stored: Arrays  # each output as the board has it, in its shape, by name
    real: Arrays  # the same as real numbers: scale * (stored - zero point), float32
    ticks: int  # of the board's counter; Board.info says what a tick is

    @property
    def output(self) -> NDArray[Any]:
        """The first output as real numbers: the only one of most models."""
        return next(iter(self.real.values()))


class Board:
    """A running board, to be used in a `with` block; `connect` makes one.

    Inputs may be given in two ways. Arrays of floats are real numbers and are quantised as the input's scale
    and zero point say; arrays of the input's own type are stored values. Anything else is refused. The shape
    is the input's, with or without the batch of 1.
    """

    def __init__(self, opened: AbstractContextManager[Line]) -> None:
        self._opened = opened
        self._session: Session | None = None
        self._info: HelloReply | None = None

    def __enter__(self) -> "Board":
        self._session = Session(self._opened.__enter__())
        try:
            self._info = self._session.hello()
            self.reset()
        except BaseException:
            self._opened.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session = None
        self._opened.__exit__(kind, error, traceback)

    @property
    def info(self) -> HelloReply:
        """What runs on the board: its name, engine, tick unit, the model's SHA-256, inputs and outputs."""
        return self._connected()[1]

    def invoke(self, *inputs: ArrayLike, **named: ArrayLike) -> Any:
        """Run one inference. Several inputs are given in their order or by name.

        Returns the output as an array (a dict of arrays by name, where there are several): real numbers where
        an input was given in real numbers, else stored values. A state goes on from the last inference.
        """
        if inputs and named:
            raise UserError("give all inputs in their order, or all by name")
        given = named or (inputs[0] if len(inputs) == 1 else inputs)
        if len(self.info.inputs) == 1 and len(inputs) > 1:
            raise UserError(f"the model has 1 input, {len(inputs)} were given")
        (answer,) = self.answers([given])
        values = given.values() if isinstance(given, Mapping) else inputs
        outputs = answer.real if self._are_real(values) else answer.stored
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    def answers(self, inputs: Iterable[Any]) -> Iterator[Answer]:
        """Run an inference for each of `inputs` and yield the answers in their order, as they come; as many
        inputs are on their way as the board takes. Each is an array, or of a model with several inputs a
        tuple of arrays or a dict by name."""
        session, info = self._connected()
        waiting: dict[int, Answer] = {}
        following = 0
        for answer in session.infer((self._bytes(one) for one in inputs), info, reset=False):
            waiting[answer.index] = self._read(answer.output, answer.ticks)
            while following in waiting:
                yield waiting.pop(following)
                following += 1

    def reset(self) -> None:
        """Put the model's state back to its beginning, where it has one."""
        session, info = self._connected()
        if info.stateful:
            session.reset()

    @property
    def retries(self) -> int:
        """Requests that were sent again, since the line lost or damaged them."""
        return self._connected()[0].retries

    def _connected(self) -> tuple[Session, HelloReply]:
        if self._session is None or self._info is None:
            raise UserError("the board is not connected; use it in a `with thimble.connect(...)` block")
        return self._session, self._info

    def _bytes(self, given: Any) -> bytes:
        """The body of a request."""
        tensors = self.info.inputs
        if isinstance(given, Mapping):
            names = [tensor.name for tensor in tensors]
            if sorted(given) != sorted(names):
                raise UserError(
                    f"the model's inputs are {', '.join(names)}, not {', '.join(map(str, given)) or 'none'}"
                )
            given = [given[name] for name in names]
        elif len(tensors) == 1:
            given = [given]
        if len(given) != len(tensors):
            raise UserError(f"the model has {len(tensors)} inputs, {len(given)} were given")
        return b"".join(_stored(one, tensor) for one, tensor in zip(given, tensors, strict=True))

    def _read(self, output: bytes, ticks: int) -> Answer:
        stored, real, start = {}, {}, 0
        for tensor in self.info.outputs:
            part = np.frombuffer(output, tensor.type.dtype, tensor.size // tensor.type.dtype.itemsize, start)
            start += tensor.size
            values = part.reshape(tensor.shape[1:])
            stored[tensor.name] = values
            floats = values.astype(np.float32)
            if tensor.scale:
                floats = np.float32(tensor.scale) * (floats - np.float32(tensor.zero_point))
            real[tensor.name] = floats
        return Answer(stored, real, ticks)

    @staticmethod
    def _are_real(given: Iterable[ArrayLike]) -> bool:
        return any(np.asarray(one).dtype.kind == "f" for one in given)


def _stored(given: ArrayLike, tensor: WireTensor) -> bytes:
    """The bytes of one input. UserError where type or shape do not fit."""
    values = np.asarray(given)
    name = tensor.name
    if values.shape not in (tensor.shape, tensor.shape[1:]):
        raise UserError(
            f"input {name} has the shape {list(tensor.shape[1:])}, the array has {list(values.shape)}"
        )
    own = tensor.type.dtype
    if values.dtype == own:
        return np.ascontiguousarray(values).tobytes()
    if values.dtype.kind == "f" and (tensor.scale or own.kind == "f"):
        if not np.isfinite(values).all():
            raise UserError(f"the array for input {name} holds a number that is not finite")
        return stored_values(values, own, tensor.scale, tensor.zero_point).tobytes()
    wanted = f"float (real numbers) or {own}" if tensor.scale else str(own)
    raise UserError(f"input {name} takes arrays of {wanted}, not of {values.dtype}; use .astype")


def connect(where: str | os.PathLike[str] | None = None, port: str | None = None) -> Board:
    """The board for the image in the folder `where` (emulated and native ones are started), or the one at a
    serial port, or where nothing is given the one that is plugged in.

    Raises UserError where the set-up is incomplete, and BoardError, which is one, where the board or the line
    fails: both with one line that says what to do next.
    """
    path = None if where is None else Path(where)
    if path is not None and path.is_dir():
        return Board(open_board(read_firmware(path), path, port))
    if path is not None and not path.exists():
        raise UserError(f"there is no folder or port {path}; thimble ports lists the ports")
    return Board(hardware(port or (str(path) if path else pick(list_ports()).path)))
