"""What the code is optimised for: the values of --optimize, and of make's OPTIMIZE."""

GOALS = {
    "speed": "the fastest kernels",
    "size": "little flash and RAM",
    "portable": "the plain kernels, which the others are tested against",
}
