"""A damaged flatbuffer ends in one clear error and no file, or in C that stays inside its buffers."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from codegen.aot.plan import plan_model
from codegen.generate import generate
from contract.errors import UserError
from contract.flatbuffer import parse_model
from contract.runtimes import AOT, check
from tests.kernel_runner import KernelRunner
from tests.networks import classifier

FLIPS = (0x01, 0x80, 0xFF)


def damaged(whole: bytes, every: int) -> Iterator[tuple[str, bytes]]:
    """`whole` with one byte changed at every so many places, and cut short there."""
    for place in range(0, len(whole), every):
        for flip in FLIPS:
            yield (
                f"byte {place} ^ {flip:#x}",
                whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :],
            )
        yield f"cut at {place}", whole[:place]


def expect_error_or_files(name: str, data: bytes, folder: Path, optimize: str) -> bool:
    """Generate from `data`; True where it worked. Checks that an error is one line and leaves no file."""
    tflite, out = folder / "damaged.tflite", folder / "out"
    tflite.write_bytes(data)
    refusal: UserError | None = None
    try:
        generate(tflite, None, "aot", "chirale", out, optimize)
    except UserError as error:
        refusal = error
    if refusal is not None:
        assert refusal.exit_code == 2, name
        assert all(line.strip() for line in str(refusal).splitlines()), name
        assert not out.exists(), f"{name}: files were written before the error: {refusal}"
        return False
    files = list(out.iterdir())
    assert {"model.h", "model.c", "model_info.c"} <= {path.name for path in files}, name
    for path in files:
        path.unlink()
    out.rmdir()
    return True


@pytest.mark.parametrize(
    ("optimize", "every"),
    [("portable", 64), ("speed", 640), ("size", 640)],  # what proves the fast forms takes longer
)
def test_damage_at_every_64th_byte_of_the_model_is_an_error_or_generates(
    mnist: Path, tmp_path: Path, optimize: str, every: int
) -> None:
    whole = (mnist / "model.tflite").read_bytes()
    generated = [
        expect_error_or_files(name, data, tmp_path, optimize) for name, data in damaged(whole, every)
    ]
    assert any(generated), "a changed weight still generates"
    assert not all(generated)


def test_kernels_stay_inside_their_buffers_whatever_byte_is_damaged(tmp_path: Path) -> None:
    """The parameters that a damaged file leads to, run under AddressSanitizer and UBSan."""
    generator = np.random.default_rng(4)
    whole = classifier(generator).flatbuffer()
    runner = KernelRunner(tmp_path)
    ran = 0
    for name, data in damaged(whole, 3):
        try:
            model = parse_model(data)
            check(model, AOT)
            plan = plan_model(model, [f"layer_{operator.index}" for operator in model.operators])
        except UserError:
            continue
        inputs = generator.integers(-128, 128, (1, model.input.elements)).astype(np.int8)
        try:
            runner.run(plan, inputs)
        except AssertionError as error:
            pytest.fail(f"{name}: {error}")
        ran += 1
    runner.close()
    assert ran > 100
