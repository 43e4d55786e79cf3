"""MAX_POOL_2D: firmware/engines/aot/kernels/max_pool_2d.h."""

from codegen.aot.call import KernelCall, of_batch
from codegen.aot.families.pooling import Pooling, pooling_fields, pooling_overlap, read_pooling
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Pooling:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    return read_pooling(model, operator)


def portable(pool: Pooling) -> KernelCall:
    """The plain kernel."""
    call = KernelCall(
        operators=(pool.operator,),
        kernel="max_pool_2d",
        header="kernels/max_pool_2d.h",
        inputs=(pool.input.index,),
        outputs=(pool.output.index,),
        parameters=pooling_fields(pool),
        overlaps=pooling_overlap(pool),
        description=pool.description,
    )
    return of_batch(call, pool.input.shape[0])
