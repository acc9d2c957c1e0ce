"""A comparison as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich import box
from rich.markup import escape
from rich.table import Table

__all__ = ["LEAK_MARK", "UNCONVERGED_MARK", "comparison_tables", "derived_screen", "region_table"]

LEAK_MARK, UNCONVERGED_MARK = "†", "‡"

_CHANCE = "chance that coverage would be as far from nominal if the joint draws were right"


def comparison_tables(
    table: pd.DataFrame,
    derived: pd.DataFrame,
    seconds: Mapping[str, float],
    marks: Mapping[str, str],
    reference: str,
    unconfirmed: Sequence[str] = (),
) -> tuple[Table, Table]:
    """Lay out the scores of all test nuclei, the best CRPS first, to fit 80 columns.

    Parameters
    ----------
    table : DataFrame
        From `bmm.evaluation.method_scores.compare`.
    derived : DataFrame
        From `bmm.evaluation.derived_scores.derived_table`.
    seconds : mapping of str to float
        Wall time of each method.
    marks : mapping of str to str
        `LEAK_MARK` for methods that lean on a model which has seen test nuclei,
        `UNCONVERGED_MARK` for those whose chains disagree.
    reference : str
        Method that the differences are taken to.
    unconfirmed : sequence of str, optional
        Models of which no source states the masses that they were calibrated on.

    Returns
    -------
    accuracy, calibration : Table
    """
    whole = table[table["region"] == "all"].sort_values("crps")
    columns = [str(name) for name in whole]
    covered = [name for name in columns if _is_value(name, "coverage_") and name[9:] != "deviation"]
    widest = [name for name in columns if _is_value(name, "interval_score_")][-1]
    chances = derived[derived["quantity"] == "mass_excess"].set_index("method")["chance"]
    accuracy = _table(
        f"{whole['n'].iloc[0]} test nuclei; masses in keV ± standard error (isotopic chains drawn "
        "anew)",
        ("method", "rms", "mae", "bias", "CRPS", "ΔCRPS", "s"),
        f"ΔCRPS: minus that of {reference}, paired. Smaller is better. s: wall time. {LEAK_MARK}: "
        f"a model in it may have seen test nuclei. {UNCONVERGED_MARK}: its chains have not "
        f"converged.{_unconfirmed_note(unconfirmed)}",
    )
    calibration = _table(
        "Whole distributions: log score (per MeV, larger is better), and coverage in %",
        ("method", "log score", *(name[9:] for name in covered), "p", "curve", "width", "IS"),
        f"p: {_CHANCE}. curve: mean deviation of 5 to 99 %. width: of 68 %, keV. "
        f"IS: interval score of {widest[15:]} %, keV.",
    )
    for row in whole.to_dict(orient="records"):
        method = str(row["method"])
        label = f"{escape(method)} {marks.get(method, '')}".rstrip()
        accuracy.add_row(
            label,
            *(_keV(row, name) for name in ("rms", "mae", "bias", "crps")),
            "" if method == reference else _keV(row, "crps", "_diff"),
            f"{seconds[method]:.1f}",
        )
        calibration.add_row(
            label,
            f"{row['log_score']:.2f} ± {row['log_score_se']:.2f}",
            *(f"{100 * row[name]:.0f}" for name in covered),
            f"{chances[method]:.2f}",
            f"{100 * row['coverage_deviation']:.1f}",
            f"{1000 * row['width_68']:.0f}" if "width_68" in row else "",
            f"{1000 * row[widest]:.0f}",
        )
    return accuracy, calibration


def region_table(table: pd.DataFrame, score: str = "crps") -> Table:
    """Lay out one score, in MeV, region by region; shown in keV.

    Parameters
    ----------
    table : DataFrame
        From `bmm.evaluation.method_scores.compare`.
    score : str, default "crps"
        Column to show.
    """
    counts = table.groupby("region", sort=False)["n"].first()
    headings = [f"{_stacked(str(region))}\n({n})" for region, n in counts.items()]
    shown = _table(f"{score} by region, keV", ("method", *headings))
    wide = table.pivot_table(index="method", columns="region", values=score, sort=False)
    for method, row in wide.sort_values("all").iterrows():
        shown.add_row(
            escape(str(method)),
            *(f"{1000 * row[name]:.0f}" if row[name] >= 0 else "" for name in counts.index),
        )
    return shown


def derived_screen(derived: pd.DataFrame, method: str) -> Table:
    """Lay out one method's scores of derived quantities, and what is lost without joint draws.

    Parameters
    ----------
    derived : DataFrame
        From `bmm.evaluation.derived_scores.derived_table`.
    method : str
        The method.
    """
    own = derived[derived["method"] == method]
    covered = [name[9:] for name in map(str, own) if _is_value(name, "coverage_")]
    covered = [name for name in covered if not name.endswith("_alone")]
    shown = _table(
        f"{escape(method)}: masses and derived quantities of test nuclei, keV",
        ("quantity", "new", "n", "rms", "CRPS", *(f"{name} %" for name in covered), "p"),
        "new: of its masses, how many at least are predicted. After a stroke: the same draws, each "
        f"nucleus shuffled by itself. p: {_CHANCE}.",
    )
    for row in own.to_dict(orient="records"):
        shown.add_row(
            str(row["quantity"]),
            "1+" if row["part"] == "all" else "2+",
            str(row["n"]),
            f"{1000 * row['rms']:.0f}",
            f"{1000 * row['crps']:.0f}/{1000 * row['crps_alone']:.0f}",
            *(
                f"{100 * row[f'coverage_{name}']:.0f}/{100 * row[f'coverage_{name}_alone']:.0f}"
                for name in covered
            ),
            f"{row['chance']:.2f}/{row['chance_alone']:.2f}",
        )
    return shown


def _unconfirmed_note(models: Sequence[str]) -> str:
    """Name the models whose calibration, and with it their mark, rests on an assumption."""
    if not models:
        return ""
    named = escape(", ".join(models))
    return f" Calibration not confirmed, the latest likely evaluation assumed: {named}."


def _stacked(words: str) -> str:
    """Put every word into a line of its own, hyphenated ones too."""
    return words.replace(" ", "\n").replace("-", "-\n")


def _table(title: str, headings: Sequence[str], caption: str = "") -> Table:
    """Make a close-set table whose first column is wrapped where the screen is narrow."""
    shown = Table(
        title=title, title_justify="left", caption=caption, caption_justify="left",
        box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False,
    )  # fmt: skip
    shown.add_column(headings[0], overflow="fold")
    for heading in headings[1:]:
        shown.add_column(heading, justify="right", no_wrap=True)
    return shown


def _is_value(name: str, start: str) -> bool:
    return name.startswith(start) and not name.endswith(("_se", "_diff"))


def _keV(row: Mapping[Any, Any], name: str, of: str = "") -> str:
    value, error = 1000 * row[name + of], 1000 * row[f"{name}{of}_se"]
    sign = "+" if of or name == "bias" else ""
    return f"{value:{sign}.0f} ± {error:.0f}"
