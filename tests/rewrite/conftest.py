"""The runner of kernels that the operators' tests have."""

from tests.operators.conftest import runner

__all__ = ["runner"]
