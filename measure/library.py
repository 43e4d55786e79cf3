"""The self-test of an exported library, compiled for an emulated board and run there."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from contract.boards import FOLDER, Board, header
from contract.errors import UserError
from measure.emulator import EMULATOR, command_of
from measure.tools import missing, run

COMPILER = "arm-none-eabi-gcc"
MAIN = "self_test.c"
SECONDS = 300


def self_test(library: Path, target: Board, flags: Sequence[str] = ("-O2",)) -> tuple[bool, str]:
    """Whether the self-test of the library in the folder `library` passes on `target`, and what it prints.
    `flags`: further ones of the compiler. UserError where it cannot be built or run."""
    tests = library / "examples" / "self_test"
    if not (tests / "self_test.c").is_file():
        raise UserError(f"{library} has no self-test; export it with the reference")
    sources = [path for path in sorted((library / "src").iterdir()) if path.suffix in (".c", ".S")]
    with tempfile.TemporaryDirectory(prefix="thimble-") as folder:
        image = build(
            [*sources, tests / "self_test.c"], [library / "src", tests], target, Path(folder), flags
        )
        return run_image(image, target)


def build(
    sources: Sequence[Path],
    includes: Sequence[Path],
    target: Board,
    folder: Path,
    flags: Sequence[str] = ("-O2",),
    main: Path | None = None,
) -> Path:
    """The image of `sources` with start-up code and `main`, by default what runs a self-test, in `folder`."""
    family = FOLDER / target.family
    (folder / "board_config.h").write_text(header(target))
    script = folder / "image.ld"
    run([COMPILER, "-E", "-P", "-x", "c", f"-I{folder}", str(family / "image.ld.in"), "-o", str(script)])
    image = folder / "image.elf"
    run(
        [
            *(COMPILER, "-std=c11", "-Wall", "-Wextra", "-Werror", "-funsigned-char"),
            *target.compiler_flags.split(),
            *flags,
            *(f"-I{path}" for path in (*includes, family, folder)),
            *("-ffunction-sections", "--specs=nano.specs", "-nostartfiles", "-Wl,--gc-sections"),
            *("-T", str(script), *map(str, sources), str(main or family / MAIN), str(family / "startup.c")),
            *("-o", str(image)),
        ]
    )
    return image


def run_image(image: Path, target: Board) -> tuple[bool, str]:
    """Whether the image ends with 0, and what it prints on its console, the emulator's standard error."""
    command = [*command_of(target), "-kernel", str(image)]
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise missing(EMULATOR) from error
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{image} did not end within {SECONDS} s on {target.name}") from error
    return done.returncode == 0, done.stdout
