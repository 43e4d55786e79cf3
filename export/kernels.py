"""The kernels that a generated model uses, as files of its own library."""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

from contract.c_interface import ENGINE_PREFIX, Interface
from contract.errors import UserError

ENGINE = Path(__file__).parent.parent / "firmware" / "engines" / "aot"

_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)


def kernels_of(sources: Mapping[str, str], interface: Interface) -> dict[str, str]:
    """The text of every file of the engine that the generated `sources` include, directly or not,
    by its path beside them.

    Their symbols, macros and include guards begin with `interface.engine` as the generated code expects, and
    they include each other by relative paths, so that no compiler needs to be told where they are.
    """
    wanted = sorted(
        path.removeprefix(interface.folder)
        for text in sources.values()
        for path in _INCLUDE.findall(text)
        if path.startswith(interface.folder)
    )
    found: dict[str, str] = {}
    while wanted:
        path = wanted.pop()
        if path not in found:
            text = _read(path)
            found[path] = text
            wanted += _INCLUDE.findall(text)
    return {
        f"{interface.folder}{path}": _renamed(_relative(text, path), interface)
        for path, text in sorted(found.items())
    }


def _read(path: str) -> str:
    try:
        return (ENGINE / path).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read the kernel {path}: {error.strerror}; generate the C again") from error


def _relative(text: str, path: str) -> str:
    """The text of the file at `path`, whose includes are relative to the engine's folder, with includes that
    are relative to itself."""
    folder = posixpath.dirname(path)
    return _INCLUDE.sub(lambda found: f'#include "{posixpath.relpath(found[1], folder)}"', text)


def _renamed(text: str, interface: Interface) -> str:
    for old, new in (
        (ENGINE_PREFIX, interface.engine),
        (ENGINE_PREFIX.upper(), interface.engine.upper()),
    ):
        text = re.sub(rf"\b{old}", new, text)
    return text
