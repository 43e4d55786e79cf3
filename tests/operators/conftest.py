"""What every operator's test asks for: its kernel, compiled once, ready to be called."""

from collections.abc import Iterator

import pytest

from tests.kernel_runner import KernelRunner


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelRunner]:
    runner = KernelRunner(tmp_path_factory.mktemp("kernels"))
    yield runner
    runner.close()
