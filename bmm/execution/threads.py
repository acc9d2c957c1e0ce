"""One number of threads for everything in a process: linear algebra, compiled loops, samplers.

It is the environment variable ``BMM_THREADS``, or all cores that the process may use.  Processes
that it starts inherit it.
"""

from __future__ import annotations

import os
import sys

from bmm.errors import ConfigError, quoted

__all__ = ["VARIABLE", "available_cores", "environment", "set_threads", "thread_count"]

VARIABLE = "BMM_THREADS"
"""Name of the environment variable."""

_LIBRARIES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)


def available_cores() -> int:
    """Cores that this process may use.

    Examples
    --------
    >>> from bmm.execution.threads import available_cores
    >>> available_cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_count() -> int:
    """Threads that this process may use at once.

    Raises
    ------
    ConfigError
        If the environment variable is no positive number.

    Examples
    --------
    >>> from bmm.execution.threads import thread_count
    >>> thread_count() >= 1
    True
    """
    text = os.environ.get(VARIABLE)
    if text is None:
        return available_cores()
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ConfigError(f"{VARIABLE} is {quoted(text)}: expected a positive number of threads")
    return int(text)


def environment(threads: int) -> dict[str, str]:
    """Environment of a process that is to use so many threads.

    Examples
    --------
    >>> from bmm.execution.threads import environment
    >>> environment(2)["OMP_NUM_THREADS"]
    '2'
    """
    return {name: str(threads) for name in (VARIABLE, *_LIBRARIES)}


def set_threads(threads: int) -> None:
    """Let this process, and those it starts, use so many threads at once.

    This holds for libraries that are already loaded, too; numba uses at most as many threads as
    when it was loaded.

    Parameters
    ----------
    threads : int
        At least 1.
    """
    os.environ.update(environment(threads))
    if "numpy" in sys.modules:
        from threadpoolctl import threadpool_limits

        threadpool_limits(limits=threads)
    if "numba" in sys.modules:
        numba = sys.modules["numba"]
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
