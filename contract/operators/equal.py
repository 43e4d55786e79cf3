"""EQUAL."""

from contract.comparison import comparison

SPEC = comparison("EQUAL", "AddEqual")
