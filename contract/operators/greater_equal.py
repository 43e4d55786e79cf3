"""GREATER_EQUAL."""

from contract.comparison import comparison

SPEC = comparison("GREATER_EQUAL", "AddGreaterEqual")
