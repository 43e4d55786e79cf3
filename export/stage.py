"""From a generated model to a library on disk, whole or not at all."""

import io
import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

from contract.c_interface import library as library_interface
from contract.errors import UserError
from contract.files import sha256, sha256_of, write_bytes
from contract.firmware import read_costs
from contract.layer_map import read_layer_map
from contract.manifest import read_manifest
from contract.reference import read_reference
from export.kernels import kernels_of
from export.library import Files, Library
from export.packages import PACKAGES
from export.readme import readme
from export.self_test import self_test

LICENSE = Path(__file__).parent.parent / "LICENSE"
STAMP = "library.sha256"  # the sums of all files that this stage wrote, which it may replace
EARLIEST = (1980, 1, 1, 0, 0, 0)  # so that a zip is the same whenever it is made


def export(
    generated: Path,
    manifest_path: Path,
    reference_path: Path | None,
    images: Sequence[Path],
    packages: Sequence[str],
    version: str,
    out: Path,
) -> str:
    """Write the library of the model in the folder `generated` (codegen with --name) to the folder `out`, and
    for Arduino <out>.zip beside it. Returns a summary to print.

    `images` are folders with firmware.json whose figures the README states. UserError, with nothing changed,
    where something is missing, of another model, or where `out` holds what this stage did not write.
    """
    place = out.resolve()
    archive = place.with_name(f"{place.name}.zip") if "arduino" in packages else None
    library = _library(generated, manifest_path, reference_path, images, version)
    files = library_files(library, packages)
    _expect_ours(place, archive)
    _write(place, files)
    written = [str(out)]
    if archive is not None:
        write_bytes(archive, _zip(library.name, files))
        written.append(str(archive) if out.name in ("", "..") else f"{out}.zip")
    return (
        f"{library.name} for {', '.join(packages)}\n"
        f"  sources    {len(library.compiled)}, with {len(library.kernels)} files of kernels\n"
        f"  self-test  {'examples/self_test' if library.self_tested else 'none: there is no reference'}\n"
        f"  example    examples/{library.example}\n"
        f"  written    {', '.join(written)}"
    )


def _library(
    generated: Path, manifest_path: Path, reference_path: Path | None, images: Sequence[Path], version: str
) -> Library:
    layer_map = read_layer_map(generated)
    manifest = read_manifest(manifest_path)
    reference = None if reference_path is None else read_reference(reference_path)
    interface = library_interface(layer_map.name, layer_map.instances)
    of_others = [
        str(path)
        for path, sha256 in (
            (manifest_path, manifest.sha256),
            (reference_path, None if reference is None else reference.sha256),
        )
        if path is not None and sha256 != layer_map.sha256
    ]
    if of_others:
        raise UserError(f"{' and '.join(of_others)} are not of the model in {generated}; make them again")
    names = [f"{layer_map.name}{suffix}" for suffix in (".h", ".c", "_values.c", "_kernels.S")]
    sources = {name: _source(generated / name) for name in names if (generated / name).exists()}
    if names[0] not in sources:
        raise UserError(f"{generated} has no {names[0]}; generate it with python -m codegen --name")
    return Library(
        interface,
        manifest,
        layer_map,
        sources,
        kernels_of(sources, interface),
        reference,
        read_costs(images, layer_map.sha256),
        version,
    )


def _source(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error


def library_files(library: Library, packages: Sequence[str]) -> Files:
    """Every file of the library, by its path in it."""
    files: Files = {
        f"src/{path}": text for path, text in (*library.sources.items(), *library.kernels.items())
    }
    stateful = f"{library.name}_reset(" in library.sources[f"{library.name}.h"]
    files |= {f"examples/self_test/{path}": text for path, text in self_test(library, stateful).items()}
    for package in packages:
        files |= PACKAGES[package](library)
    files["README.md"] = readme(library, packages)
    files["LICENSE"] = _source(LICENSE)
    sums = (f"{sha256(text.encode())}  {path}\n" for path, text in sorted(files.items()))
    files[STAMP] = "".join(sums)
    return files


def expect_writable(out: Path, packages: Sequence[str]) -> None:
    """UserError where a library for these packages could not be written to `out`, before work is begun."""
    place = out.resolve()
    _expect_ours(place, place.with_name(f"{place.name}.zip") if "arduino" in packages else None)


def _written(out: Path) -> dict[str, str]:
    """The files that this stage wrote to `out` before, with their SHA-256 sums; none where it did not."""
    try:
        lines = (out / STAMP).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {path: digest for digest, _, path in (line.partition("  ") for line in lines)}


def _expect_ours(out: Path, archive: Path | None) -> None:
    """Refuse to lose what somebody else put where the library goes, or what was changed in it."""
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; give another --out")
    written = _written(out)
    if out.is_dir() and any(out.iterdir()) and not written:
        raise UserError(f"{out} holds files that are no exported library; give another --out")
    changed = [
        path for path, digest in written.items() if (out / path).is_file() and sha256_of(out / path) != digest
    ]
    if changed:
        raise UserError(
            f"{out} was changed since it was exported: {', '.join(changed[:5])}; move what is yours "
            "elsewhere, or give another --out"
        )
    if archive is not None and archive.exists() and not _is_ours(archive):
        raise UserError(f"{archive} is no exported library, and would be replaced; give another --out")


def _is_ours(archive: Path) -> bool:
    try:
        with zipfile.ZipFile(archive) as packed:
            return any(name.endswith(f"/{STAMP}") for name in packed.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def _write(out: Path, files: Files) -> None:
    """Write everything beside `out`, then put it in its place, with what others have put there."""
    beside = out.with_name(f".{out.name}.{os.getpid()}.partial")
    before = out.with_name(f".{out.name}.{os.getpid()}.before")
    written = set(_written(out))
    try:
        for path, text in files.items():
            target = beside / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        for other in sorted(out.rglob("*")) if out.is_dir() else []:
            place = other.relative_to(out)
            if not other.is_dir() and str(place) not in written and not (beside / place).exists():
                (beside / place).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(other, beside / place, follow_symlinks=False)
        if out.exists():
            os.replace(out, before)
        os.replace(beside, out)
    except BaseException as error:
        if before.exists():
            shutil.rmtree(out, ignore_errors=True)
            os.replace(before, out)
        if isinstance(error, OSError):
            raise UserError(f"cannot write {out}: {error.strerror}; give another --out") from error
        raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    shutil.rmtree(before, ignore_errors=True)


def _zip(name: str, files: Files) -> bytes:
    """The library as the IDE imports it: in one folder."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(f"{name}/{path}", EARLIEST), text, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
