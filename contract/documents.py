"""JSON files between two stages, read into the dataclass that describes them, and refused where they differ.

A file may come from another version, another machine or an editor: every value is held against the type of
its field, so that whoever gets the dataclass need not look again. Numbers must be finite; what could act on a
terminal is escaped in texts.
"""

import dataclasses
import json
import sys
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from contract.errors import UserError
from contract.files import read_file, write_text
from contract.text import printable

Document = TypeVar("Document")


class _MismatchError(Exception):
    """A value that is not of its field's type."""


def as_json(document: Any) -> str:
    """A dataclass, or a list of them, as the text of a file."""
    several = isinstance(document, list | tuple)
    plain = [dataclasses.asdict(one) for one in document] if several else dataclasses.asdict(document)
    return json.dumps(plain, indent=2, allow_nan=False) + "\n"


def write_document(path: Path, document: Any) -> None:
    """Write what `as_json` gives; whole or not at all."""
    write_text(path, as_json(document))


def read_document(path: Path, kind: type[Document], made_by: str) -> Document:
    """Read `path` as `kind`: a dataclass, or a tuple of them. UserError, which says that `made_by` writes the
    file, where it is missing, damaged or of another form."""
    data = read_file(path, f"{made_by} writes it")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else printable(str(error))
        raise UserError(f"{path} is damaged, {reason}; {made_by} writes it again") from error
    try:
        converted: Document = _convert(value, kind, "")
    except _MismatchError as error:
        raise UserError(f"{path} is damaged, {error}; {made_by} writes it again") from error
    return converted


def _convert(value: Any, kind: Any, where: str) -> Any:
    """`value` as `kind`. _MismatchError names the place."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        return _convert_union(value, arguments, where)
    if dataclasses.is_dataclass(kind):
        return _convert_fields(value, kind, where)
    if origin is tuple:
        return _convert_tuple(value, arguments, where)
    if origin is dict:
        _expect(isinstance(value, dict), value, "an object", where)
        return {
            printable(key): _convert(item, arguments[1], f"{where}.{printable(key)}")
            for key, item in value.items()
        }
    if kind is float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        _expect(
            number and -sys.float_info.max <= value <= sys.float_info.max, value, "a finite number", where
        )
        return float(value)
    if kind is str:
        _expect(isinstance(value, str), value, "a text", where)
        return printable(value)
    if kind is int:
        _expect(isinstance(value, int) and not isinstance(value, bool), value, "a whole number", where)
        return value
    _expect(isinstance(value, kind), value, "true or false", where)
    return value


def _convert_union(value: Any, kinds: tuple[Any, ...], where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    (kind,) = (one for one in kinds if one is not type(None))  # only `X | None` is used
    return _convert(value, kind, where)


def _convert_tuple(value: Any, kinds: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    _expect(isinstance(value, list), value, "a list", where)
    if len(kinds) == 2 and kinds[1] is ...:
        return tuple(_convert(item, kinds[0], f"{where}[{index}]") for index, item in enumerate(value))
    _expect(len(value) == len(kinds), value, f"a list of {len(kinds)}", where)
    return tuple(
        _convert(item, kind, f"{where}[{index}]")
        for index, (item, kind) in enumerate(zip(value, kinds, strict=True))
    )


def _convert_fields(value: Any, kind: Any, where: str) -> Any:
    _expect(isinstance(value, dict), value, "an object", where)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    hints = typing.get_type_hints(kind)
    unknown = next((key for key in value if key not in fields), None)
    if unknown is not None:
        raise _MismatchError(f"{_named(where)} has the unknown key {_short(unknown)}")
    for name, field in fields.items():
        defaults = (field.default, field.default_factory)
        if name not in value and all(default is dataclasses.MISSING for default in defaults):
            raise _MismatchError(f"{_named(where)} lacks {name}")
    converted = {key: _convert(item, hints[key], f"{where}.{key}") for key, item in value.items()}
    try:
        return kind(**converted)
    except ValueError as error:  # what a dataclass itself checks
        raise _MismatchError(f"{_named(where)}: {error}") from error


def _expect(fits: bool, value: Any, wanted: str, where: str) -> None:
    if not fits:
        raise _MismatchError(f"{_named(where)} is {_short(value)}, not {wanted}")


def _named(where: str) -> str:
    return where.lstrip(".") or "the document"


def _short(value: Any) -> str:
    """A value for a message: one line, not too long."""
    if isinstance(value, list | dict):
        return f"a{'n object' if isinstance(value, dict) else ' list'} of {len(value)}"
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."
