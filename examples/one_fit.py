"""One fit on a cluster node: python examples/one_fit.py SEED.

Chains are stored while they are sampled, so a job that is killed resumes when it is
submitted again with the same seed.
"""

import sys
from pathlib import Path

from bmm.workflows.config import load_config
from bmm.workflows.folder import RunFolder
from bmm.workflows.pipeline import resume, run


def main(seed: int, configuration: str = "default") -> None:
    """Run, or go on."""
    folder = Path("runs") / f"{configuration}-seed-{seed}"
    if RunFolder(folder).config.exists():
        resume(folder)
        return
    run(load_config(configuration).model_copy(update={"seed": seed}), folder)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
