"""What operators with several outputs share: each is cut from the input along one axis."""

from collections.abc import Sequence

from codegen.aot.arithmetic.strides import row_major
from codegen.aot.families.movement import Movement, described, to_whole
from codegen.aot.operands import CONVERT_AGAIN, Activation, expect_shape, outputs_of
from contract.errors import UserError
from contract.graph import Model, Operator


def split(
    model: Model, operator: Operator, input: Activation, axis: int, sizes: Sequence[int], drop: bool = False
) -> Movement:
    """Outputs of these sizes along `axis`; where `drop`, each size is 1 and the dimension goes."""
    outputs = outputs_of(model, operator)
    if len(outputs) != len(sizes) or sum(sizes) != input.shape[axis] or min(sizes) < 1:
        raise UserError(
            f"{operator} splits {input.shape[axis]} along dimension {axis} into {list(sizes)} for "
            f"{len(outputs)} outputs; {CONVERT_AGAIN}"
        )
    strides = row_major(input.shape)
    kept = [strides[other] for other in range(len(strides)) if not (drop and other == axis)]
    moves = []
    start = 0
    for output, size in zip(outputs, sizes, strict=True):
        middle = () if drop else (size,)
        expect_shape(operator, output.tensor, (*input.shape[:axis], *middle, *input.shape[axis + 1 :]))
        moves.append(to_whole(input, output, kept, start * strides[axis]))
        start += size
    return Movement(operator, tuple(moves), described(operator, model, input.tensor))
