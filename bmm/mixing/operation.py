"""PyTensor operations around functions that numba compiles."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, ClassVar

import llvmlite.binding
import numba
import pytensor.tensor as pt
from numba.core import cgutils
from numba.extending import intrinsic, is_jitted
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.cache import CACHED_SRC_FUNCTIONS
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key

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


@register_funcify_default_op_cache_key(CompiledOperation)
def _compile(op: CompiledOperation, node: Apply, **_: Any) -> tuple[Any, int]:
    # PyTensor's cache on disk knows an operation by its class alone.  Without the source in the
    # key, a newer bmm would run an older bmm's machine code.
    function = type(op).function
    version = hashlib.sha256(_compiled_source(function).encode()).hexdigest()[:16]
    return _called_by_name(function, node, f"bmm_{function.__name__}_{version}"), int(version, 16)


def _called_by_name(function: Callable[..., Any], node: Apply, name: str) -> Any:
    """Compile a function for the inputs of a node; return one that calls it.

    LLVM optimises a function again within each that calls it, and here it is called from within
    two or three others.  So callers know only its name, a symbol to be found when they are loaded.
    """
    CACHED_SRC_FUNCTIONS[function] = name
    # Fast-math would assume that there is no infinity and no NaN; the kernels reckon with both.
    kernel = numba_njit(function, error_model="numpy", fastmath=False, cache=True)
    expected = tuple(_array_type(each) for each in node.inputs)
    kernel.compile(expected)
    compiled = kernel.overloads[expected]
    descriptor = compiled.fndesc
    llvmlite.binding.add_symbol(
        name, compiled.library.get_pointer_to_function(descriptor.llvm_func_name)
    )

    @intrinsic
    def call(typing: Any, inputs: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            values = cgutils.unpack_tuple(builder, args[0])
            convention = context.call_conv
            kind = convention.get_function_type(descriptor.restype, descriptor.argtypes)
            external = cgutils.get_or_insert_function(builder.module, kind, name)
            status, result = convention.call_function(
                builder, external, descriptor.restype, descriptor.argtypes, values
            )
            with cgutils.if_unlikely(builder, status.is_error):
                convention.return_status_propagate(builder, status)
            return result

        return compiled.signature.return_type(numba.types.Tuple(expected)), generate

    def caller(*inputs: Any) -> Any:
        return call(inputs)

    return numba_njit(caller)


def _array_type(variable: Any) -> numba.types.Array:
    return numba.types.Array(numba.types.float64, variable.type.ndim, "C", readonly=True)


def _compiled_source(function: Callable[..., Any]) -> str:
    """Source of a function's module, whose constants are compiled in, and of all it draws on."""
    homes: dict[str, ModuleType] = {}
    waiting = [function]
    while waiting:
        home = _home(waiting.pop())
        if home.__name__ not in homes:
            homes[home.__name__] = home
            waiting += [each.py_func for each in vars(home).values() if is_jitted(each)]
    return "".join(inspect.getsource(homes[name]) for name in sorted(homes))


def _home(function: Callable[..., Any]) -> ModuleType:
    module = inspect.getmodule(function)
    assert module is not None  # a function read from a file has one
    return module
