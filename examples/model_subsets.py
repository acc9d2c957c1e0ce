"""Scan subsets of models: python examples/model_subsets.py OUTPUT.csv.

Fits the local mixture to every pair of some models and compares them by leave-one-out, on the
nuclei around tin.  Take your own models and region; on a cluster, one pair per job.
"""

import sys
from itertools import combinations
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd

import bmm
from bmm.mixing.settings import Basis, Mixing, Sampler
from bmm.nuclides import nuclide_index

MODELS = ("HFB26", "DZ33", "FRDM1995")
SETTINGS = Mixing(basis=Basis(m_Z=6, m_N=10), sampler=Sampler(draws=500, tune=500))


def main(output: Path) -> None:
    """Write one row for each pair: elpd and its standard error, convergence, mean weights."""
    measured = bmm.load_measured("AME2020").query("44 <= Z <= 56 and 50 <= N <= 90")
    nuclei = nuclide_index(*np.array(measured.index.to_list()).T)
    rows = []
    for pair in combinations(MODELS, 2):
        models = [bmm.load_model(name).fit(measured) for name in pair]
        theory = bmm.predict_all(models, nuclei)
        tree = bmm.fit(measured, theory, theory, SETTINGS, seed=1)
        loo = az.loo(tree)
        weight = bmm.predict(tree).summary["weight"].mean("nucleus").to_numpy()
        rows.append(
            {"models": " + ".join(pair), "elpd": float(loo.elpd), "se": float(loo.se),
             "converged": bmm.convergence_of(tree).converged, "first_weight": float(weight[0])}
        )  # fmt: skip
        pd.DataFrame(rows).to_csv(output, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
