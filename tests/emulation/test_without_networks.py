"""Without JAX, everything but the training of networks works."""

import subprocess
import sys

SCRIPT = """
import sys
class Without:
    def __init__(self, finder):
        self.finder = finder
    def __getattr__(self, name):
        return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        hidden = name.partition(".")[0] in ("jax", "jaxlib", "equinox", "optax")
        return None if hidden else self.finder.find_spec(name, path, target)
sys.meta_path[:] = [Without(each) for each in sys.meta_path]
import bmm.cli, bmm.workflows.active_learning, bmm.workflows.pipeline
from bmm.emulation.analytic_surface import analytic_surface
from bmm.emulation.loop import LoopSettings, run_loop
from bmm.emulation.stationary import ProcessLearner
from bmm.theory.library import find_cards
assert find_cards()
run_loop(analytic_surface(12, 8), ProcessLearner(), LoopSettings(start=0.1, budget=0.2), 0)
sys.argv = ["bmm", "emulate", "analytic", "--learner", "committee"]
bmm.cli.main()
"""


def test_a_process_learns_and_a_committee_names_the_command(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "pip install 'nuclear-bmm[emulate]'" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
