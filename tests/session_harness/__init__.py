"""The firmware's core compiled for this machine under the sanitizers, and what its tests compare it with."""
