"""PlatformIO: library.json.

https://docs.platformio.org/en/latest/manifests/library-json/
"""

import json

from export.examples import console_files, example_files
from export.library import Files, Library


def files(library: Library) -> Files:
    sketches, programs = example_files(library), console_files(library)
    manifest = {
        "name": library.name,
        "version": library.version,
        "description": library.sentence,
        "keywords": ["neural-network", "tinyml", "int8"],
        "license": "Apache-2.0",
        "frameworks": "*",
        "platforms": "*",
        "headers": f"{library.name}.h",
        "build": {"srcDir": "src", "includeDir": "src"},
        "examples": [
            {
                "name": path.split("/")[1],
                "base": path.rpartition("/")[0],
                "files": sorted(
                    other.rpartition("/")[2]
                    for other in (*sketches, *(["examples/self_test/self_test.c"] * ("self_test" in path)))
                    if other.startswith(path.rpartition("/")[0] + "/")
                ),
            }
            for path in sketches
        ],
    }
    return {"library.json": json.dumps(manifest, indent=2) + "\n", **sketches, **programs}
