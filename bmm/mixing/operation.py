"""PyTensor operations around functions that numba compiles."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, ClassVar

import pytensor.tensor as pt
from numba.extending import is_jitted
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
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
    version = int.from_bytes(hashlib.sha256(_compiled_source(function).encode()).digest()[:8])
    # Fast-math would assume that there is no infinity and no NaN; the kernels reckon with both.
    return numba_njit(function, error_model="numpy", fastmath=False), version


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
