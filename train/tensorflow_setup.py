"""How this stage starts TensorFlow: quietly, and set up for a network as small as this one."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from contract.errors import UserError


def set_variables() -> None:
    """Set the environment variables that TensorFlow reads when it is imported, where the user has not."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # errors alone
    # TensorFlow switches these kernels on by itself only on some processors. On the others, too, this network
    # trains about twice as fast with them.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def start() -> None:
    """Import TensorFlow and set it up. Raises UserError when it is not installed."""
    try:
        with _nothing_on_stderr():  # a remark that there is no GPU obeys no log level
            import keras  # noqa: F401
            import tensorflow as tf
    except ImportError as cause:
        raise UserError(
            f"training needs TensorFlow, and {cause.name} is not installed; pip install '.[train]' brings it "
            "on Linux x86-64, elsewhere start from a committed model with RECIPE=pretrained"
        ) from cause
    # The operators of this network are small: a second thread within one costs more than it gains. With one,
    # sums are also added up in the same order on any number of cores.
    tf.config.threading.set_intra_op_parallelism_threads(1)


@contextmanager
def _nothing_on_stderr() -> Iterator[None]:
    """Lead descriptor 2 nowhere, for messages that do not come from Python."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
