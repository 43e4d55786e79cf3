"""Arduino: library.properties, keywords.txt and sketches.

https://arduino.github.io/arduino-cli/latest/library-specification/
"""

import re

from export.examples import example_files
from export.library import Files, Library


def files(library: Library) -> Files:
    return {
        "library.properties": _properties(library),
        "keywords.txt": _keywords(library),
        **example_files(library),
    }


def _properties(library: Library) -> str:
    values = {
        "name": library.name,
        "version": library.version,
        "author": "Thimble",
        "maintainer": "Thimble",
        "sentence": library.sentence,
        "paragraph": f"{library.manifest.flatbuffer_bytes} bytes as a flatbuffer, "
        f"SHA-256 {library.manifest.sha256}; no operator is looked up at run time, nothing is allocated.",
        "category": "Data Processing",
        "url": "https://www.arduino.cc/reference/en/libraries/",
        "architectures": "*",
        "includes": f"{library.name}.h",
    }
    return "".join(f"{key}={' '.join(value.split())}\n" for key, value in values.items())


def _keywords(library: Library) -> str:
    """What the editor colours: types, functions, constants of the header."""
    header, name = library.sources[f"{library.name}.h"], library.name
    code = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    types = [name] if library.interface.instances else []
    functions = re.findall(rf"\b({name}_\w+)\(", code)
    constants = re.findall(rf"\b({library.interface.upper}_\w+)(?: =|\s+[-(\d])", code)
    arrays = re.findall(rf"\b({name}_labels\w*)\[", code)
    kinds = (("KEYWORD1", types), ("KEYWORD2", [*functions, *arrays]), ("LITERAL1", constants))
    return "".join(f"{word}\t{kind}\n" for kind, words in kinds for word in dict.fromkeys(words))
