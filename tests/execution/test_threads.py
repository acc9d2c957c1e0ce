"""One setting for all threads, and commands that see each other."""

import json
import os
import subprocess
import sys

import pytest

from bmm.errors import ConfigError
from bmm.execution.presence import Running, announced, oversubscription, running
from bmm.execution.threads import available_cores, environment, thread_count

THREADS = """
import json, os
import numba, numpy, scipy.linalg
from threadpoolctl import threadpool_info
from bmm.execution.threads import thread_count
blas = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
print(json.dumps([thread_count(), numba.get_num_threads(), *blas]))
"""


def threads_of(statements, **variables):
    """Threads of bmm, numba and each linear algebra library in a new interpreter."""
    names = environment(1)
    clean = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-c", statements + THREADS],
        env=clean | variables, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def test_one_setting_decides_all_libraries():
    before = threads_of("from bmm.execution.threads import set_threads; set_threads(1)\n")
    assert len(before) > 2
    assert set(before) == {1}
    late = threads_of(
        "import numba, numpy, scipy.linalg\n"
        "from bmm.execution.threads import set_threads; set_threads(1)\n"
    )
    assert set(late) == {1}


def test_all_cores_by_default():
    assert set(threads_of("")) == {available_cores()}


def test_the_environment_sets_the_default(monkeypatch):
    monkeypatch.setenv("BMM_THREADS", "3")
    assert thread_count() == 3
    monkeypatch.setenv("BMM_THREADS", "many")
    with pytest.raises(ConfigError, match=r"BMM_THREADS is 'many'.*positive number"):
        thread_count()


@pytest.fixture
def alone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def test_commands_see_each_other_while_they_run(alone):
    with announced("run", 2) as others:
        assert others == []
        with announced("compare", 1) as others:
            assert others == [Running(os.getpid(), "run", 2)]
    assert running() == []


def test_a_killed_command_is_not_seen(alone):
    statements = (
        "import os, signal\nfrom bmm.execution.presence import announced\n"
        "with announced('run', 1):\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", statements], check=False)
    assert list(alone.rglob("*.json"))
    assert running() == []
    assert not list(alone.rglob("*.json"))


def test_too_many_threads_are_warned_of():
    cores = available_cores()
    other = Running(7, "run", cores)
    assert oversubscription(cores, []) is None
    assert oversubscription(1, [Running(7, "run", cores - 1)]) is None
    assert f"bmm run (process 7, {cores} threads)" in oversubscription(1, [other])
