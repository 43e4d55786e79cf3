"""A board that runs call by call, built, flashed and connected."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from contract.boards import Board
from contract.layer_map import LayerMap, read_layer_map
from contract.protocol import HelloReply
from host.boards import open_board
from host.session import Session
from thimble.commands.build import Tuning, built
from thimble.workspace import Workspace


@dataclass(frozen=True)
class Inspected:
    """A session with the board, what it said of itself, and the calls of its inference."""

    session: Session
    hello: HelloReply
    layer_map: LayerMap


@contextmanager
def inspected(
    workspace: Workspace,
    target: Board,
    tuning: Tuning,
    form: str,
    link: str | None = None,
    port: str | None = None,
) -> Iterator[Inspected]:
    """Build the image of this `form` (thimble.commands.build.FORMS) for `target`, flash it where it is a real
    board, and connect; a state is at its beginning."""
    image, firmware = built(workspace, target, tuning, form, link)
    if target.usb:
        from host.flash import flash

        print(flash(image, port), file=sys.stderr)
    with open_board(firmware, image, port) as opened:
        session = Session(opened)
        hello = session.hello()
        if hello.stateful:
            session.reset()
        yield Inspected(session, hello, read_layer_map(image))
