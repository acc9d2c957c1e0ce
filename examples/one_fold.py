"""One fold of a cross-validation: python examples/one_fold.py FOLD OUTPUT.csv.

Whole squares of the chart are held out, five folds in all; submit one job for each.
"""

import sys
from pathlib import Path

import numpy as np

import bmm
from bmm.evaluation.splits import block_folds
from bmm.mixing.settings import Basis, Mixing, Sampler
from bmm.nuclides import nuclide_index

MODELS = ("HFB26", "DZ33-refit")
SETTINGS = Mixing(basis=Basis(m_Z=6, m_N=10), sampler=Sampler(draws=500, tune=500))


def main(fold: int, output: Path) -> None:
    """Fit without the fold, predict it, write predictions beside the measured masses."""
    measured = bmm.load_measured("AME2020").query("44 <= Z <= 56 and 50 <= N <= 90")
    split = block_folds(measured, folds=5, side=5, seed=1)[fold]
    # A model that learns sees the training nuclei only.
    models = [bmm.load_model(name).fit(split.training) for name in MODELS]
    theory = bmm.predict_all(models, nuclide_index(*np.array(split.training.index.to_list()).T))
    chart = bmm.predict_all(models, nuclide_index(*np.array(measured.index.to_list()).T))
    tree = bmm.fit(split.training, theory, chart, SETTINGS, seed=fold)
    table = bmm.predict(tree, measured=measured).summary[["mean", "sd", "log_density"]]
    frame = table.to_dataframe().set_index(["Z", "N"]).loc[split.test.index]
    frame.join(split.test[["mass_excess"]]).to_csv(output)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
