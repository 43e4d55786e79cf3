"""GREATER."""

from contract.comparison import comparison

SPEC = comparison("GREATER", "AddGreater")
