"""LESS."""

from contract.comparison import comparison

SPEC = comparison("LESS", "AddLess")
