"""Time from the start of Python to the first draw, with and without compiled code on disk.

Run as a script, this is the process that is timed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.table import Table

_WARM = 3


def first_draw_table(m_Z: int, m_N: int) -> Table:
    """Time fresh processes: once with empty caches, then with the caches which that one left."""
    table = Table(title=f"Time to the first draw of bmm.fit, basis {m_Z} x {m_N}")
    table.add_column("caches")
    headings = ("process (s)", "of it compilation (s)", "of it one draw (s)")
    for heading in headings:
        table.add_column(heading, justify="right")
    with tempfile.TemporaryDirectory() as folder:
        cold = _process(folder, m_Z, m_N)
        warm = min((_process(folder, m_Z, m_N) for _ in range(_WARM)), key=lambda each: each[0])
    for name, times in (("empty (cold)", cold), (f"filled (warm, best of {_WARM})", warm)):
        table.add_row(name, *(f"{seconds:.1f}" for seconds in times))
    return table


def _process(folder: str, m_Z: int, m_N: int) -> tuple[float, float, float]:
    flags = [os.environ.get("PYTENSOR_FLAGS", ""), f"base_compiledir={folder}/pytensor"]
    environment = os.environ | {
        "PYTENSOR_FLAGS": ",".join(filter(None, flags)),
        "NUMBA_CACHE_DIR": f"{folder}/numba",
    }
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, Path(__file__).resolve(), str(m_Z), str(m_N)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - begun
    found = json.loads(done.stdout)
    return seconds, found["compile_seconds"], found["sample_seconds"]


def _fit_one_draw(m_Z: int, m_N: int) -> None:
    from study import one_draw  # the imports are part of the time

    tree = one_draw("occupations-so", m_Z, m_N)
    print(json.dumps({name: tree.attrs[name] for name in ("compile_seconds", "sample_seconds")}))


if __name__ == "__main__":
    _fit_one_draw(*(int(each) for each in sys.argv[1:]))
