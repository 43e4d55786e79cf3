"""NOT_EQUAL."""

from contract.comparison import comparison

SPEC = comparison("NOT_EQUAL", "AddNotEqual")
