"""LESS_EQUAL."""

from contract.comparison import comparison

SPEC = comparison("LESS_EQUAL", "AddLessEqual")
