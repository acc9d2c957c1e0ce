"""A comparison as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from rich.markup import escape
from rich.table import Table

__all__ = ["LEAK_MARK", "UNCONVERGED_MARK", "comparison_table", "derived_screen", "region_table"]

LEAK_MARK, UNCONVERGED_MARK = "†", "‡"


def comparison_table(
    table: pd.DataFrame, seconds: Mapping[str, float], marks: Mapping[str, str], reference: str
) -> Table:
    """Lay out the scores of all test nuclei, the best CRPS first.

    Parameters
    ----------
    table : DataFrame
        From `bmm.evaluation.comparison.compare`.
    seconds : mapping of str to float
        Wall time of each method.
    marks : mapping of str to str
        `LEAK_MARK` for methods that lean on a model which has seen test nuclei,
        `UNCONVERGED_MARK` for those whose chains disagree.
    reference : str
        Method that the differences are taken to.
    """
    whole = table[table["region"] == "all"].sort_values("crps")
    columns = [str(name) for name in whole]
    covered = [name for name in columns if _is_value(name, "coverage_") and name[9:] != "deviation"]
    widest = [name for name in columns if _is_value(name, "interval_score_")][-1]
    shown = Table(
        title=f"{whole['n'].iloc[0]} test nuclei; masses in keV ± standard error "
        "(isotopic chains drawn anew)",
        title_justify="left",
        caption=f"ΔCRPS: minus that of {reference}, paired. Smaller is better but for the log "
        f"score (per MeV). {LEAK_MARK}: a model in it may have seen test nuclei. "
        f"{UNCONVERGED_MARK}: its chains have not converged.",
    )
    shown.add_column("method", no_wrap=True)
    headings = ("rms", "mae", "bias", "CRPS", "ΔCRPS", "log score", f"IS {widest[15:]} %")
    for heading in (*headings, *(f"{name[9:]} %" for name in covered), "curve", "width", "s"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for row in whole.to_dict(orient="records"):
        method = str(row["method"])
        shown.add_row(
            f"{escape(method)} {marks.get(method, '')}".rstrip(),
            *(_keV(row, name) for name in ("rms", "mae", "bias", "crps")),
            "" if method == reference else _keV(row, "crps", "_diff"),
            f"{row['log_score']:.2f} ± {row['log_score_se']:.2f}",
            _keV(row, widest),
            *(f"{100 * row[name]:.0f}" for name in covered),
            f"{100 * row['coverage_deviation']:.1f}",
            f"{1000 * row['width_68']:.0f}" if "width_68" in row else "",
            f"{seconds[method]:.1f}",
        )
    return shown


def region_table(table: pd.DataFrame, score: str = "crps") -> Table:
    """Lay out one score, in MeV, region by region; shown in keV.

    Parameters
    ----------
    table : DataFrame
        From `bmm.evaluation.comparison.compare`.
    score : str, default "crps"
        Column to show.
    """
    counts = table.groupby("region", sort=False)["n"].first()
    shown = Table(title=f"{score} by region, keV", title_justify="left")
    shown.add_column("method", no_wrap=True)
    for region, n in counts.items():
        shown.add_column(f"{region}\n({n})", justify="right")
    wide = table.pivot_table(index="method", columns="region", values=score, sort=False)
    for method, row in wide.sort_values("all").iterrows():
        shown.add_row(
            escape(str(method)), *(f"{1000 * row[region]:.0f}" for region in counts.index)
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
    shown = Table(
        title=f"{escape(method)}: derived quantities of test nuclei, keV",
        title_justify="left",
        caption="After a stroke: the same draws, each nucleus shuffled by itself.",
    )
    for heading in ("quantity", "predicted masses"):
        shown.add_column(heading, no_wrap=True)
    for heading in ("n", "rms", "CRPS", *(f"{name} %" for name in covered)):
        shown.add_column(heading, justify="right", no_wrap=True)
    for row in own.to_dict(orient="records"):
        shown.add_row(
            str(row["quantity"]),
            "two or more" if row["part"] != "all" else "one or more",
            str(row["n"]),
            f"{1000 * row['rms']:.0f}",
            f"{1000 * row['crps']:.0f} / {1000 * row['crps_alone']:.0f}",
            *(
                f"{100 * row[f'coverage_{name}']:.0f} / {100 * row[f'coverage_{name}_alone']:.0f}"
                for name in covered
            ),
        )
    return shown


def _is_value(name: str, start: str) -> bool:
    return name.startswith(start) and not name.endswith(("_se", "_diff"))


def _keV(row: Mapping[Any, Any], name: str, of: str = "") -> str:
    value, error = 1000 * row[name + of], 1000 * row[f"{name}{of}_se"]
    sign = "+" if of or name == "bias" else ""
    return f"{value:{sign}.0f} ± {error:.0f}"
