"""What every test may ask for: the committed model, and a stable hypothesis."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples on every run: a red run is a change of the code, never of the dice.
settings.register_profile(
    "thimble", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("thimble")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def mnist() -> Path:
    """models/mnist: the committed flatbuffer with its manifest and reference."""
    return ROOT / "models" / "mnist"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="every Keras model in full, on the emulated board")
