"""Tasks side by side on a Dask cluster: processes of this machine, or any cluster that runs.

The client keeps all that is finished, and hands out only as many tasks as can begin at once:
neither the scheduler nor a worker has anything that could be lost, and a task that kills its worker
takes no other with it.  Dask moves a task whose worker died three times; then that counts as one
failed try, for it may be the task that kills its workers.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
import queue
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bmm
from bmm.errors import BmmError, RunError, quoted
from bmm.execution.progress import Progress
from bmm.execution.tasks import TRIES, Finished, Task, failure
from bmm.execution.threads import environment, thread_count
from bmm.fingerprints import file_fingerprint, fingerprint

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["ClusterEngine", "connected", "local_workers"]

_TOPIC = "bmm-task"
_PATIENCE = 1.0  # seconds until the cluster is looked at again, if nothing happens
_RESTART = "120 s"
_MEMORY = "memory"  # GB, as the resources of a worker
_PACKAGES = ("numba", "numpy", "nutpie", "pandas", "pymc", "pytensor", "scipy", "xarray")

logger = logging.getLogger(__name__)


class ClusterEngine:
    """Carries tasks out on the workers of a Dask cluster; see `bmm.execution.tasks.Engine`.

    Parameters
    ----------
    client : distributed.Client
        Connected to the cluster.
    check : bool, default False
        Refuse workers that have other code than this process.
    revive : callable, optional
        Called while there is no worker, or fewer than at first.
    """

    def __init__(
        self,
        client: Client,
        *,
        check: bool = False,
        revive: Callable[[], object] | None = None,
    ) -> None:
        self._client = client
        self._revive = revive
        self._most = 1
        self._code = _installed() if check else None
        self._threads: dict[str, int] = {}
        self._memory: float | None = None
        self._looked = -float("inf")
        self._look()

    @property
    def dashboard(self) -> str:
        """Address of Dask's page about the cluster."""
        return str(self._client.dashboard_link)

    @property
    def places(self) -> int:
        """How many tasks the workers carry out side by side."""
        return max(1, sum(self._threads.values()))

    def run(self, tasks: Iterable[Task], progress: Progress) -> Iterator[Finished]:
        """Carry tasks out; see `bmm.execution.tasks.Engine.run`."""
        waiting = iter(tasks)
        events: queue.SimpleQueue[Callable[[], Finished | None]] = queue.SimpleQueue()
        submitted: dict[str, tuple[Task, int, Future, float]] = {}

        def submit(task: Task, number: int) -> None:
            future = self._submit(task, number)
            submitted[task.key] = task, number, future, time.perf_counter()
            future.add_done_callback(lambda done: events.put(lambda: settle(task.key, done)))

        def begin(event: tuple[float, Any]) -> None:
            key, where, begun = event[1]["key"], event[1]["where"], time.perf_counter()
            events.put(lambda: started(key, where, begun))

        def started(key: str, where: str, begun: float) -> None:
            if key in submitted:
                task, number, future, _ = submitted[key]
                submitted[key] = task, number, future, begun
                progress.started(key, task.name, where)

        def settle(key: str, future: Future) -> Finished | None:
            task, number, newest, begun = submitted.get(key, (None, 0, None, 0.0))
            if task is None or future is not newest:
                return None
            finished = self._outcome(task, future)
            if isinstance(finished.error, BmmError | None) or number == TRIES:
                del submitted[key]
                progress.ended(key, time.perf_counter() - begun, failure(finished))
                return finished
            logger.warning("%s: try %d of %d failed: %r", task.name, number, TRIES, finished.error)
            submit(task, number + 1)
            return None

        def refill() -> Iterator[Finished]:
            while len(submitted) < self.places and (task := next(waiting, None)):
                refused = self._refusal(task)
                if refused is None:
                    submit(task, 1)
                    continue
                progress.started(task.key, task.name)
                progress.ended(task.key, 0.0, str(refused))
                yield Finished(task, error=refused)

        self._client.subscribe_topic(_TOPIC, begin)
        try:
            yield from refill()
            while submitted:
                finished = self._next(events)
                yield from refill()  # before the caller takes time to write what is finished
                if finished is not None:
                    yield finished
        finally:
            if self._client.status == "running":
                self._client.unsubscribe_topic(_TOPIC)
                # What still runs is of no use to anybody.
                self._client.cancel([future for _, _, future, _ in submitted.values()], force=True)

    def _next(self, events: queue.SimpleQueue[Callable[[], Finished | None]]) -> Finished | None:
        try:
            event = events.get(timeout=_PATIENCE)
        except queue.Empty:
            self._look()
            return None
        return event()

    def _submit(self, task: Task, number: int) -> Future:
        return self._client.submit(
            _attempt,
            task.function,
            task.arguments,
            task.key,
            self._code,
            key=f"bmm-{task.key}-{number}",
            pure=False,
            resources=None if self._memory is None else {_MEMORY: task.memory},
        )

    def _outcome(self, task: Task, future: Future) -> Finished:
        if future.status == "cancelled":
            raise _lost()
        try:
            return Finished(task, future.result())
        except (OSError, TimeoutError) as error:
            if self._client.status != "running":
                raise _lost() from error
            return Finished(task, error=error)
        except Exception as error:
            return Finished(task, error=error)

    def _refusal(self, task: Task) -> RunError | None:
        """Say why no worker can take a task; None if one can."""
        if self._memory is None or task.memory <= self._memory:
            return None
        return RunError(
            f"needs {task.memory:.1f} GB, and no worker has more than {self._memory:.1f} GB; "
            "start fewer workers on a machine, or larger ones"
        )

    def _look(self) -> None:
        """See how many workers there are, and what they have."""
        now = time.monotonic()
        if now - self._looked < _PATIENCE:
            return
        self._looked = now
        if self._client.status != "running":
            raise _lost()
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        self._threads = {name: each["nthreads"] for name, each in workers.items()}
        self._most = max(self._most, len(workers))
        if self._revive is not None and len(workers) < self._most:
            self._revive()
        memory = [each["resources"].get(_MEMORY) for each in workers.values()]
        # Workers that do not report it would never be given a task that needs some.
        self._memory = max(memory) if memory and None not in memory else self._memory


@contextmanager
def local_workers(workers: int) -> Iterator[ClusterEngine]:
    """Start worker processes on this machine, which share its cores and its memory.

    Parameters
    ----------
    workers : int
        How many; each takes one task at a time.

    Raises
    ------
    RunError
        If Dask is not installed, or a worker does not start.
    """
    distributed = _dask("--workers")
    threads = max(1, thread_count() // workers)
    memory = distributed.system.MEMORY_LIMIT // workers
    import dask

    # A worker that was killed starts anew, which on a busy machine takes longer than Dask expects.
    with dask.config.set({"distributed.deploy.lost-worker-timeout": _RESTART}):
        try:
            cluster = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                memory_limit=memory,
                resources={_MEMORY: memory / 1e9},
                env=environment(threads),
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            )
        except RuntimeError as error:
            raise RunError(f"{workers} workers could not be started ({error})") from error
        with cluster, distributed.Client(cluster, set_as_default=False) as client:
            yield ClusterEngine(client, revive=partial(cluster.scale, workers))


@contextmanager
def connected(address: str) -> Iterator[ClusterEngine]:
    """Connect to the scheduler of a cluster that runs.

    Parameters
    ----------
    address : str
        Such as ``"tcp://10.0.0.1:8786"``.

    Raises
    ------
    RunError
        If Dask is not installed, or there is no scheduler at the address.
    """
    distributed = _dask("--scheduler")
    try:
        # Of a default client, xarray would ask the scheduler for a lock before it writes a file.
        client = distributed.Client(address, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise RunError(f"--scheduler {quoted(address)}: expected a Dask scheduler there") from error
    with client:
        yield ClusterEngine(client, check=True)


@cache
def _installed() -> str:
    """Fingerprint of the code of bmm and of the packages that decide its numbers."""
    home = Path(bmm.__file__).parent
    files = {
        path.relative_to(home).as_posix(): file_fingerprint(path)
        for path in sorted(home.rglob("*.py"))
    }
    return fingerprint([files, {name: importlib.metadata.version(name) for name in _PACKAGES}])


def _attempt(
    function: Callable[..., Any], arguments: tuple[Any, ...], key: str, code: str | None
) -> Any:
    """Carry a task out, on a worker."""
    from distributed import get_worker

    where = f"{socket.gethostname()}, process {os.getpid()}"
    if code is not None and code != _installed():
        raise RunError(
            f"{where} has other code than the process that asked: expected the same version of "
            f"bmm, and of {', '.join(_PACKAGES)}"
        )
    get_worker().log_event(_TOPIC, {"key": key, "where": where})
    return function(*arguments)


def _dask(option: str) -> Any:
    try:
        import distributed
    except ImportError as error:
        raise RunError(
            f"{option} needs Dask, which is not installed: pip install 'nuclear-bmm[cluster]'"
        ) from error
    return distributed


def _lost() -> RunError:
    return RunError(
        "the Dask scheduler was lost; what had finished is kept: give the same command again"
    )
