"""PyTensor operations around functions that numba compiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import llvmlite.binding
import numba
import pytensor.tensor as pt
from numba.core import cgutils
from numba.extending import intrinsic
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.cache import CACHED_SRC_FUNCTIONS
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key

from bmm.fingerprints import code_fingerprint, fingerprint

__all__ = ["CompiledOperation"]


class CompiledOperation(Op):
    """An operation given by one function on arrays, written so that numba can compile it.

    A single operation with a hand-written gradient keeps the graph, and so its compilation,
    small.  Subclasses set the class attributes.

    Attributes
    ----------
    function : callable
        Takes the inputs and returns one array, or a tuple of them.
    output_types : sequence of TensorType
        Types of what it returns.
    """

    __props__ = ()
    function: ClassVar[Callable[..., Any]]
    output_types: ClassVar[Sequence[Any]]

    def make_node(self, *inputs: Any) -> Apply:
        """Build the node; arguments as for `function`."""
        outputs = [each() for each in self.output_types]
        return Apply(self, [pt.as_tensor(each) for each in inputs], outputs)

    def perform(self, node: Apply, inputs: Sequence[Any], outputs: Any) -> None:
        """Evaluate in Python."""
        values = type(self).function(*inputs)
        for store, value in zip(
            outputs, values if isinstance(values, tuple) else (values,), strict=True
        ):
            store[0] = value


@dataclass(frozen=True)
class _Kernel:
    """Machine code of a function, and the symbol by which other machine code finds it."""

    symbol: str
    compiled: Any

    def call(self, context: Any, builder: Any, inputs: Any) -> Any:
        """Write the call into code that is being compiled; hands exceptions on."""
        convention, described = context.call_conv, self.compiled.fndesc
        kind = convention.get_function_type(described.restype, described.argtypes)
        status, result = convention.call_function(
            builder,
            cgutils.get_or_insert_function(builder.module, kind, self.symbol),
            described.restype,
            described.argtypes,
            cgutils.unpack_tuple(builder, inputs),
        )
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return result


@register_funcify_default_op_cache_key(CompiledOperation)
def _compile(op: CompiledOperation, node: Apply, **_: Any) -> tuple[Any, int]:
    """Compile the operation; give a function that calls it, and its version.

    LLVM optimises a function again within each that calls it, and this one is called from within
    four others.  So it is compiled once, and its callers know it by a symbol only.
    """
    types = tuple(
        numba.types.Array(numba.types.float64, each.type.ndim, "C", readonly=True)
        for each in node.inputs
    )
    function = type(op).function
    # The key of PyTensor's cache on disk is the class alone.  Without the code in it, a newer bmm
    # would run an older bmm's machine code.  What a function calls may be given by the module of
    # its operation.
    code = code_fingerprint(*sorted({function.__module__, type(op).__module__}))
    version = fingerprint([str(types), code])[:16]
    kernel = _kernel(function, types, f"bmm_{type(op).__name__}_{version}")

    @intrinsic
    def call_kernel(_: Any, inputs: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return kernel.call(context, builder, args[0])

        return kernel.compiled.signature.return_type(numba.types.Tuple(types)), generate

    def call(*inputs: Any) -> Any:
        return call_kernel(inputs)

    return numba_njit(call), int(version, 16)


@cache  # also keeps the machine code where its symbol says it is
def _kernel(
    function: Callable[..., Any], types: tuple[numba.types.Type, ...], name: str
) -> _Kernel:
    CACHED_SRC_FUNCTIONS[function] = name
    # Fast-math would assume that there is no infinity and no NaN; the kernels use both.
    dispatcher = numba_njit(function, error_model="numpy", fastmath=False, cache=True)
    dispatcher.compile(types)
    compiled = dispatcher.overloads[types]
    address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    llvmlite.binding.add_symbol(name, address)
    return _Kernel(name, compiled)
