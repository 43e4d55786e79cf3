"""A PAD of zero points around an image goes into the convolution that alone reads it.

Keras writes one before each convolution of stride 2 (ZeroPadding2D). The kernels have the zero point outside
the image anyway, so no padded copy is made.
"""

from dataclasses import replace

from codegen.aot.operands import integers_of
from codegen.aot.operators import module_of
from codegen.aot.rewrite.change import Change, with_operators
from contract.convolution import ConvolutionOptions
from contract.graph import Model, Operator

Margins = tuple[tuple[int, int], tuple[int, int]]  # before and behind, of height and width


def fold_padding(model: Model) -> tuple[Model, list[Change]]:
    """The model without them."""
    changes = []
    for pad in model.operators:
        margins = _margins(model, pad)
        reader = None if margins is None else _only_reader(model, pad)
        if margins is None or reader is None or not _touched_by_every_window(model, reader, margins):
            continue
        options = reader.options
        assert isinstance(options, ConvolutionOptions)
        folded = replace(
            reader, inputs=(pad.inputs[0], *reader.inputs[1:]), options=replace(options, margins=margins)
        )
        model = with_operators(model, [folded], without=[pad])
        changes.append(
            Change(pad, "in the convolution behind it, which has the zero point outside its image")
        )
    return model, changes


def _margins(model: Model, operator: Operator) -> Margins | None:
    """What `operator` adds to an image, if it is such a PAD."""
    if operator.name not in ("PAD", "PADV2"):
        return None
    module_of(operator).read(model, operator)  # refuses what does not fit together
    before, behind = model.tensors[operator.inputs[0]], model.tensors[operator.outputs[0]]
    if len(before.shape) != 4 or before.quantization != behind.quantization or behind.quantization is None:
        return None
    if operator.name == "PADV2":
        value = model.tensors[operator.inputs[2]]
        if value.data is None or int(value.values.ravel()[0]) != behind.quantization.zero_point:
            return None
    pairs = iter(integers_of(model, operator, 1))
    batch, rows, columns, channels = zip(pairs, pairs, strict=True)
    return (rows, columns) if not any((*batch, *channels)) else None


def _only_reader(model: Model, operator: Operator) -> Operator | None:
    """The convolution that reads the operator's output, if nothing else does and nothing was folded into
    it."""
    output = operator.outputs[0]
    readers = model.readers.get(output, ())
    if len(readers) != 1 or output in model.outputs or readers[0].inputs.count(output) != 1:
        return None
    options = readers[0].options
    is_free = isinstance(options, ConvolutionOptions) and options.margins == ((0, 0), (0, 0))
    return readers[0] if is_free and readers[0].inputs[0] == output else None


def _touched_by_every_window(model: Model, convolution: Operator, margins: Margins) -> bool:
    """Whether no window lies in a margin alone. (One that reaches into SAME padding beside it still may.)"""
    weights = model.tensors[convolution.inputs[1]]
    options = convolution.options
    assert isinstance(options, ConvolutionOptions)
    reaches = [
        (taps - 1) * dilation for taps, dilation in zip(weights.shape[1:3], options.dilation, strict=True)
    ]
    return all(max(margin) <= reach for margin, reach in zip(margins, reaches, strict=True))
