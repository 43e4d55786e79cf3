"""A model that is too large for a board is refused before anything is built, with what would help."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from codegen.__main__ import main
from codegen.aot.plan import Plan, plan_model
from codegen.fits import expect_fits
from contract.boards import STACK_BYTES, board
from contract.errors import UserError
from contract.flatbuffer import parse_model
from tests.networks import Network

BOARD = board("mps2-an386")


def network(size: int, filters: int) -> Network:
    """Images of size x size, and as many outputs a pixel as there are filters."""
    network = Network((1, size, size, 1))
    network.conv_2d(np.ones((filters, 1, 1, 1), np.int8), [0.01], None, 0.05, 0)
    return network


def plan_of(network: Network) -> Plan:
    return plan_model(parse_model(network.flatbuffer()), ["wide"], "size")


def test_a_model_that_fits_is_not_refused() -> None:
    expect_fits(plan_of(network(64, 8)), "size", BOARD)
    expect_fits(plan_of(network(1024, 8)), "size", board("native"))


def test_activations_beyond_the_ram_are_refused_with_the_layer_at_the_peak() -> None:
    plan = plan_of(network(256, 8))
    message = rf"activations need {plan.arena.bytes:,} bytes, most at wide; mps2-an386 has 262,144 of RAM"
    with pytest.raises(UserError, match=message) as refused:
        expect_fits(plan, "speed", BOARD)
    assert "OPTIMIZE=size" in str(refused.value)


def test_an_image_that_does_not_fit_is_told_from_a_model_that_does_not() -> None:
    plan = plan_of(network(160, 6))
    room = plan.arena.bytes + STACK_BYTES + 100
    with pytest.raises(UserError, match="The model fits, but not this image"):
        expect_fits(plan, "size", dataclasses.replace(BOARD, ram_bytes=room))


def test_constants_beyond_the_flash_are_refused() -> None:
    plan = plan_of(network(8, 8))
    with pytest.raises(UserError, match=r"constants need \d+ bytes, mps2-an386 has 8 of flash"):
        expect_fits(plan, "size", dataclasses.replace(BOARD, flash_bytes=8))


def test_the_command_refuses_before_it_writes(tmp_path: Path) -> None:
    flatbuffer = tmp_path / "model.tflite"
    flatbuffer.write_bytes(network(256, 8).flatbuffer())
    arguments = ["--tflite", str(flatbuffer), "--board", "mps2-an386", "--out", str(tmp_path / "out")]
    with pytest.raises(UserError, match="activations need"):
        main(arguments)
    assert not (tmp_path / "out").exists()
