"""Start bmm in a fraction of a second: a process with all modules and models loaded, that forks.

Each child is a whole ``bmm`` command in a process of its own, except that the models are compiled
already.  Called with a configuration; then reads one JSON object a line, with ``arguments`` of the
command line and, optionally, a ``signal`` to be sent after some ``seconds`` or when the child has
written a ``file``, and answers with the child's ``status`` as `os.waitstatus_to_exitcode` gives it,
and how many ``seconds`` it lived.
"""

import json
import os
import sys
import time

import fontTools.subset  # noqa: F401
import matplotlib.backends.backend_agg
import matplotlib.backends.backend_pdf  # noqa: F401
import netCDF4  # noqa: F401
import obstore  # noqa: F401
import zarr  # noqa: F401

from bmm.cli import main
from bmm.mixing import sampling
from bmm.workflows import pipeline
from bmm.workflows.config import load_config
from bmm.workflows.inputs import select_measured


class Compiled(Exception):
    """All models are."""


def compile_all(configuration):
    """Compile the models of the free chains and of those confined to a mode, to be remembered."""
    asked, sample = [], sampling.sample

    def skip(*_, **__):
        asked.append(len(asked))
        if len(asked) == 2:
            raise Compiled
        return sampling.Sampled(None, False, 0.0, 0.0)

    sampling.sample = skip
    config = load_config(configuration)
    try:
        pipeline.fit_configuration(config, select_measured(config))
    except Compiled:
        sampling.sample = sample


def be_child(arguments):
    """Be ``bmm``; never returns."""
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    sys.argv = ["bmm", *arguments]
    code = 1
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    finally:
        os._exit(code)


def run(arguments, signal=None, seconds=float("inf"), file=None):
    """Fork a child, send it the signal in time, and wait for its end."""
    begun, date = time.monotonic(), time.time_ns()
    child = os.fork()
    if child == 0:
        be_child(arguments)
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        lived = time.monotonic() - begun
        if ended:
            return {"status": os.waitstatus_to_exitcode(status), "seconds": lived}
        if signal is not None and (lived > seconds or written_since(date, file)):
            os.kill(child, signal)
            signal = None
        time.sleep(0.001)


def written_since(date, file):
    """Whether there is such a file, and not from before."""
    try:
        return file is not None and os.stat(file).st_mtime_ns > date
    except FileNotFoundError:
        return False


def answer(line):
    """Answer at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    compile_all(sys.argv[1])
    answer("ready")
    for line in sys.stdin:
        answer(json.dumps(run(**json.loads(line))))
