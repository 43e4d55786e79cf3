"""A stand-in for arduino-cli, written from its reference manual: commands, flags, exit codes, output files.

https://arduino.github.io/arduino-cli/latest/commands/arduino-cli_compile/ and arduino-cli_upload/: both take
`--profile`, which must be in the sketch's sketch.yaml. `compile --output-dir` receives <sketch>.ino.elf, .bin
and .hex; `upload --input-dir` must hold them, and `--port` says where to. An unknown flag ends in exit code 7
(bad argument), any other failure in 1.
"""

import json
import os
import sys
from pathlib import Path

PROGRAM = """\
#!{python}
import json, shutil, sys
from pathlib import Path
COMMANDS = {{
    "compile": ("--profile", "--output-dir"),
    "upload": ("--profile", "--port", "--input-dir"),
    "version": (),
}}
def fail(text, code=1):
    print(text, file=sys.stderr)
    sys.exit(code)
command, *rest = sys.argv[1:]
with open({log!r}, "a") as log:
    print(json.dumps(sys.argv[1:]), file=log)
flags, paths = {{}}, []
while rest:
    word = rest.pop(0)
    if word.startswith("-"):
        if word not in COMMANDS[command]:
            fail("Error: unknown flag: " + word, 7)
        flags[word] = rest.pop(0)
    else:
        paths.append(Path(word))
if command == "version":
    print("arduino-cli  Version: 1.5.1 Commit: 0123abcd Date: 2026-07-01T00:00:00Z")
    sys.exit(0)
(sketch,) = paths
main = sketch / (sketch.name + ".ino")
if not main.is_file():
    fail(f"Can't open sketch: main file missing from sketch: {{main}}")
if f"  {{flags['--profile']}}:" not in (sketch / "sketch.yaml").read_text().splitlines():
    fail(f"Profile '{{flags['--profile']}}' not found")
if command == "compile":
    out = Path(flags["--output-dir"])
    out.mkdir(parents=True, exist_ok=True)
    for suffix in ("elf", "bin", "hex"):
        shutil.copy({elf!r}, out / f"{{main.name}}.{{suffix}}")
    print("Sketch uses 98304 bytes (10%) of program storage space. Maximum is 983040 bytes.")
elif not (Path(flags["--input-dir"]) / (main.name + ".bin")).is_file():
    fail("Error finding build artifacts: looking for build artifacts: could not find a valid build artifact")
else:
    code = {upload_code}
    if code:
        fail("Failed uploading: uploading error: exit status 1", code)
    print("New upload port: /dev/ttyACM0 (serial)")
"""


class ArduinoCli:
    """The stand-in, installed in a folder that is to come first in PATH."""

    def __init__(self, folder: Path, elf: Path = Path(os.devnull), upload_code: int = 0) -> None:
        """`elf` is what a compilation gives; `upload_code` how an upload ends."""
        self.folder = folder
        self._log = folder / "calls.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        program = folder / "arduino-cli"
        program.write_text(
            PROGRAM.format(python=sys.executable, log=str(self._log), elf=str(elf), upload_code=upload_code)
        )
        program.chmod(0o755)

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of every call so far."""
        if not self._log.exists():
            return []
        return [json.loads(line) for line in self._log.read_text().splitlines()]
