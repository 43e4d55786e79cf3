"""Whether files and board belong together, asked before anything is compared."""

from pathlib import Path

from contract.errors import UserError
from contract.firmware import Firmware
from contract.manifest import Manifest, TensorInfo
from contract.protocol import HelloReply, WireTensor
from contract.reference import Reference, expect_reference_of
from host.errors import BoardError


def check_files(manifest: Manifest, reference: Reference, firmware: Firmware) -> None:
    """UserError where manifest, reference and image are not of the same model."""
    if firmware.sha256 != manifest.sha256:
        raise UserError(
            f"the firmware was built from the model {firmware.sha256}, the manifest describes "
            f"{manifest.sha256}; run make firmware again"
        )
    expect_reference_of(Path("reference.npz"), reference, manifest)


def check_board(hello: HelloReply, manifest: Manifest) -> None:
    """BoardError where the board runs another model than the manifest's, or describes it differently."""
    if hello.sha256 != manifest.sha256:
        raise BoardError(
            f"the board runs another model: {hello.sha256}, and the manifest describes {manifest.sha256}; "
            "flash the firmware of this folder, or name the folder of what is flashed"
        )
    for name, wire, tensors in (
        ("input", hello.inputs, manifest.inputs),
        ("output", hello.outputs, manifest.outputs),
    ):
        if len(wire) != len(tensors):
            raise BoardError(
                f"the board's model has {len(wire)} {name}s, the manifest's {len(tensors)}; build and flash "
                "the firmware again"
            )
        for theirs, ours in zip(wire, tensors, strict=True):
            if not _same(theirs, ours):
                raise BoardError(
                    f"the board's {name} tensor is {_described(theirs)}, the manifest's is {ours.type} "
                    f"{list(ours.shape)}; build and flash the firmware again"
                )


def check_image(hello: HelloReply, firmware: Firmware) -> None:
    """BoardError where the board runs another image than the one whose sizes firmware.json states."""
    if (hello.board, hello.engine) != (firmware.board, firmware.engine):
        raise BoardError(
            f"the board runs the engine {hello.engine} on {hello.board}, this folder's image is "
            f"{firmware.engine} for {firmware.board}; flash it, or name the folder of what is flashed"
        )


def _same(theirs: WireTensor, ours: TensorInfo) -> bool:
    return (theirs.type.name.lower(), theirs.shape) == (ours.type, ours.shape)


def _described(tensor: WireTensor) -> str:
    return f"{tensor.type.name.lower()} {list(tensor.shape)}"
