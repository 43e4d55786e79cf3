"""The build systems that a library can be described for: one module each, with `files(library)`."""

from collections.abc import Callable

from export.library import Files, Library
from export.packages import arduino, cmake, platformio, zephyr

PACKAGES: dict[str, Callable[[Library], Files]] = {
    "arduino": arduino.files,
    "platformio": platformio.files,
    "cmake": cmake.files,
    "zephyr": zephyr.files,
}
