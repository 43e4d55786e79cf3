"""What the fake engine and the fake model are, in Python."""

from contract.protocol import TensorType, WireTensor

INPUT_BYTES = 784
OUTPUT_BYTES = 10
SHA256 = bytes(range(32)).hex()
INPUT = WireTensor("input", TensorType.INT8, (1, 28, 28, 1), 0.003921569790691137, -128)
OUTPUT = WireTensor("output", TensorType.INT8, (1, 10), 0.00390625, -127)
REFUSED = b"FAIL".ljust(INPUT_BYTES, b"\x00")


def fake_output(data: bytes) -> bytes:
    """What fake_engine.c computes from an input."""
    output = []
    for first in range(OUTPUT_BYTES):
        value = 0x5A
        for byte in data[first::OUTPUT_BYTES]:
            value = (value * 31 + byte) % 256
        output.append(value)
    return bytes(output)
