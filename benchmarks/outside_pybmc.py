"""What runs in pybmc's own environment; see outside.py, which calls it."""

import sys

import numpy as np
import pandas as pd
from pybmc.bmc import BayesianModelCombination

_DRAWS = 4000


def main(masses: str, draws: str, error_model: str, components: int, iterations: int, seed: int):
    """Train on the rows marked as training, and store predictive draws of the others."""
    frame = pd.read_csv(masses)
    training, test = (frame[frame["training"] == mark] for mark in (True, False))
    models = [name for name in frame if name not in ("Z", "N", "truth", "training")]
    data = {"mass": test.drop(columns="training")}
    combination = BayesianModelCombination(
        models_list=models, data_dict=data, truth_column_name="truth", error_model=error_model
    )
    combination.orthogonalize("mass", training, components)
    combination.train({"iterations": iterations, "seed": seed})
    predicted = combination.predict("mass")[0]
    np.save(draws, predicted[:: max(1, len(predicted) // _DRAWS)])


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:]))
