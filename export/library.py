"""What a library is made of, whatever build system it is for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from contract.c_interface import INPUT, OUTPUT, Edge, Interface, edges
from contract.firmware import Costs
from contract.layer_map import LayerMap
from contract.manifest import Manifest
from contract.reference import Reference
from contract.task import BINARY, CLASSIFICATION, RECONSTRUCTION, REGRESSION

Files = dict[str, str]  # the text of each file, by its path in the library

# What the example is called, by the task of the first output.
EXAMPLES = {
    CLASSIFICATION: "classify",
    BINARY: "classify",
    REGRESSION: "predict",
    RECONSTRUCTION: "reconstruct",
}


@dataclass(frozen=True)
class Library:
    """One model for one application."""

    interface: Interface
    manifest: Manifest
    layer_map: LayerMap
    sources: Mapping[str, str]  # generated C and assembly, by file name
    kernels: Mapping[str, str]  # what they include, by the path beside them
    reference: Reference | None  # without it there is no self-test
    costs: Costs  # of an inference
    version: str

    @property
    def name(self) -> str:
        return self.interface.name

    @cached_property
    def inputs(self) -> list[Edge]:
        return edges(INPUT, self.manifest.inputs, trained=self.manifest.is_trained)

    @cached_property
    def outputs(self) -> list[Edge]:
        return edges(OUTPUT, self.manifest.outputs, self.manifest.tasks)

    @property
    def compiled(self) -> list[str]:
        """The files below src/ that are compiled."""
        return sorted(path for path in self.sources if path.endswith((".c", ".S")))

    @property
    def example(self) -> str:
        """What the example beside the self-test is called."""
        return EXAMPLES.get(self.manifest.tasks[0].kind, "infer")

    @property
    def sentence(self) -> str:
        """What the library is, in a sentence."""
        return f"The neural network {self.manifest.model} in int8, with every kernel that it needs."

    @property
    def self_tested(self) -> bool:
        return self.reference is not None
