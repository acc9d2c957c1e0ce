"""The mixture density network from few nuclei, with and without the Garvey-Kelson relations.

Mumpower et al. (Phys. Rev. C 106, L021301, 2022) train on 450 random nuclei with Z >= 20, a fifth
of AME2016, and describe all of it to 0.316 MeV.  Here the 450 are drawn from AME2020, Z >= 20 and
no other cut, and every network is trained on nine tenths of them and validated on the rest.

    uv run python benchmarks/mdn.py [--sets 5] [--nuclei 450]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from bmm.data import load_measured, load_theory
from bmm.theory.mdn.mdn_settings import MdnSettings
from bmm.theory.mdn.training import train
from bmm.theory.mdn.training_data import pose

LEVELS = (0.5, 0.68, 0.9, 0.95)


def one(measured: pd.DataFrame, nuclei: int, number: int, lambda_phys: float) -> dict[str, float]:
    """Train on one random set and describe all; rms in MeV, coverage of the others in %."""
    chosen = np.zeros(len(measured), dtype=bool)
    chosen[np.random.default_rng(number).permutation(len(measured))[:nuclei]] = True
    chart = load_theory("DZ28").query("Z >= 20").index
    settings = MdnSettings(lambda_phys=lambda_phys, seed=number, folds=0)
    begun = time.perf_counter()
    ensemble = train(pose(measured[chosen], chart, settings), settings).ensemble
    seconds = time.perf_counter() - begun
    error = ensemble.predict(measured.index).mean - measured["mass_excess"].to_numpy()
    others = measured[~chosen]
    said = ensemble.predict(others.index)
    values = (others[name].to_numpy() for name in ("mass_excess", "mass_excess_uncertainty"))
    mass, uncertainty = values
    covered = {f"{100 * at:.0f} %": 100 * said.coverage(mass, uncertainty, at) for at in LEVELS}
    return {
        "set": number,
        "lambda_phys": lambda_phys,
        "all": float(np.sqrt((error**2).mean())),
        "training": float(np.sqrt((error[chosen] ** 2).mean())),
        "others": float(np.sqrt((error[~chosen] ** 2).mean())),
        **covered,
        "seconds": seconds,
    }


def main() -> None:
    """Print the table, and the median over the sets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=5)
    parser.add_argument("--nuclei", type=int, default=450)
    chosen = parser.parse_args()
    measured = load_measured("AME2020").query("Z >= 20")
    rows = [
        one(measured, chosen.nuclei, number, lambda_phys)
        for number in range(1, chosen.sets + 1)
        for lambda_phys in (0.0, 1.0)
    ]
    table = pd.DataFrame(rows).round(3)
    print(f"{chosen.nuclei} of {len(measured)} nuclei, rms in MeV")
    print(table.to_string(index=False))
    print(table.groupby("lambda_phys").median().round(3).to_string())


if __name__ == "__main__":
    main()
