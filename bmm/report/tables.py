"""Numbers of a run as the rows of the report's tables: text, with uncertainties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, log10
from typing import Any

import numpy as np

from bmm.nuclides import symbol
from bmm.report.contents import Contents

__all__ = [
    "coverage_rows",
    "doubt_lines",
    "doubt_rows",
    "drip_rows",
    "effective_rows",
    "hyperparameter_rows",
    "key_lines",
    "own_lines",
    "region_heads",
    "region_rows",
    "residual_rows",
    "score_rows",
    "side_by_side",
    "weight_rows",
]

Row = dict[str, str]

_NONE = "-"
_NAMED = 20
_DOUBTED = 20
_DEVIATION = "deviation_"
_UNITS = {
    "rho_Z": " (nucleons)",
    "rho_N": " (nucleons)",
    "sigma": " (keV per nucleon at A = 100)",
}

LEVELS = ("0.50", "0.68", "0.90", "0.95", "0.99")
"""Probabilities of the intervals that the tables show."""

_ELEMENTS = (20, 28, 40, 50, 60, 70, 82)


def key_lines(contents: Contents) -> list[str]:
    """Say what matters of a run in five lines, and what is left out."""
    scores, nuclei = contents.scores, contents.nuclei
    best = min(
        (row for row in scores["baselines"] if row["n"] == scores["n"] and row["rms_MeV"]),
        key=lambda row: row["rms_MeV"],
        default=None,
    )
    weights = sorted(scores["weights"].items(), key=lambda item: -item[1])[:3]
    first = contents.largest_residuals().iloc[0]
    beside = f"; best other: {best['name']}, {_keV(best['rms_MeV'])} keV" if best else ""
    left_out = [f"{name} is left out: {why}" for name, why in scores.get("left_out", {}).items()]
    return [
        f"rms of the {scores['n']} fitted masses: {_keV(scores['rms_MeV']['mean'])} keV{beside}",
        f"fitted masses inside the 68 % intervals: {_percent(scores['coverage']['0.68'])}, "
        f"inside the 95 % intervals: {_percent(scores['coverage']['0.95'])}",
        f"CRPS {_keV(scores['crps_MeV'])} keV; median width of the 68 % intervals "
        f"{_keV(nuclei['width_68'].median())} keV",
        "largest weights: " + ", ".join(f"{name} {weight:.2f}" for name, weight in weights),
        f"largest residual: {first['nucleus']}, predicted minus measured {first['off']:+.3f} MeV "
        f"({first['off_sd']:+.1f} sd)",
        *left_out,
        *_refined(scores),
        *(f"own measurements: {line}" for line in own_lines(contents)),
    ]


def _refined(scores: Mapping[str, Any]) -> list[str]:
    """Say that the basis was refined, and to what."""
    times = scores.get("basis_refinements", 0)
    if not times:
        return []
    sizes = " and ".join(f"m_{axis} = {each['m']}" for axis, each in scores["basis"].items())
    how_often = "once" if times == 1 else f"{times} times"
    return [f"the basis was refined {how_often}, to {sizes}, for the fitted length scales"]


def own_lines(contents: Contents) -> list[str]:
    """Say what each file of extra measurements added and replaced."""
    return [
        f"{each['file']}: "
        + "; ".join(
            f"{len(each[how])} {how} ({', '.join(each[how][:_NAMED])}"
            + (f" and {len(each[how]) - _NAMED} more)" if len(each[how]) > _NAMED else ")")
            for how in ("added", "replaced")
            if each[how]
        )
        for each in contents.scores.get("data", {"extra": []})["extra"]
    ]


def score_rows(contents: Contents) -> list[Row]:
    """Name, value with its standard error, and what it means, of every score of the mixture."""
    scores, nuclei = contents.scores, contents.nuclei
    error = scores["rms_standard_error_MeV"]
    rows = [
        {"name": f"rms of the posterior {name} (keV)", "value": _pm(value, error[name])}
        for name, value in scores["rms_MeV"].items()
    ]
    off = nuclei["error"].dropna().to_numpy()
    rows += [
        {"name": "mean absolute error (keV)", "value": _pm(scores["mae_MeV"], _se(np.abs(off)))},
        {"name": "bias, predicted minus measured (keV)",
         "value": _pm(scores["bias_MeV"], _se(off))},
        {"name": "CRPS (keV; smaller is better)",
         "value": _pm(scores["crps_MeV"], _se(nuclei["crps"]))},
    ]  # fmt: skip
    if scores["log_score"] is not None:
        text = f"{scores['log_score']:.3f} ± {_se(nuclei['log_density']):.3f}"
        rows.append({"name": "log score (1/MeV; larger is better)", "value": text})
    return rows


def coverage_rows(contents: Contents) -> list[Row]:
    """Coverage with its standard error, and the median width, of some central intervals."""
    scores = contents.scores
    return [
        {
            "level": f"{100 * float(level):.0f} %",
            "covered": f"{100 * scores['coverage'][level]:.1f} ± "
            f"{100 * scores['coverage_standard_error'][level]:.1f} %",
        }
        for level in LEVELS
    ]


def weight_rows(contents: Contents) -> list[Row]:
    """Mean weight and responsibility, and rms, of every model."""
    scores = contents.scores
    rms = {row["name"]: row for row in scores["baselines"]}
    return [
        {
            "model": name,
            "weight": _number(weight),
            "responsibility": _number(scores["responsibilities"][name]),
            "bma": _number(rms[name]["weight"]) if name in rms else _NONE,
            "rms": _keV(rms[name]["rms_MeV"]) if name in rms else _NONE,
            "n": str(rms[name]["n"]) if name in rms else _NONE,
        }
        for name, weight in scores["weights"].items()
    ] + [
        {"model": name, "weight": _NONE, "responsibility": _NONE, "bma": _NONE,
         "rms": _keV(row["rms_MeV"]), "n": str(row["n"])}
        for name, row in rms.items() if name not in scores["weights"]
    ]  # fmt: skip


def effective_rows(contents: Contents) -> list[Row]:
    """Effective number of models, and their mean weights, by distance from the data and region."""
    found = contents.scores.get("effective_models", {})
    groups = [
        (f"{name} steps from the data" if kind == "distance" else name, facts)
        for kind, each in found.items()
        for name, facts in each.items()
    ]
    return [
        {
            "where": where,
            "n": str(facts["n"]),
            "effective": _number(facts["effective_models"]),
            "weights": ", ".join(
                f"{name} {weight:.2f}"
                for name, weight in sorted(facts["weights"].items(), key=lambda item: -item[1])[:4]
            ),
        }
        for where, facts in groups
    ]


def hyperparameter_rows(contents: Contents) -> list[Row]:
    """Prior, posterior mean and sd, R-hat and effective sample size of every hyperparameter."""
    found = contents.scores["convergence"]["quantities"]
    priors = contents.config.mixing.priors
    rows = []
    for name, posterior in contents.scores["hyperparameters"].items():
        prior = getattr(priors, name.split("[")[0], None)
        checked = found.get(name, {})
        rows.append(
            {
                "name": name + _UNITS.get(name.split("[")[0], ""),
                "prior": f"{prior.distribution}({_arguments(prior.parameters)})" if prior else "",
                "posterior": f"{posterior['mean']:.2f} ± {posterior['sd']:.2f}",
                "r_hat": _number(checked.get("r_hat"), ".3f"),
                "ess": _number(_least(checked.get("ess_bulk"), checked.get("ess_tail")), ".0f"),
            }
        )
    return rows


def region_heads(contents: Contents) -> dict[str, str]:
    """Columns of `region_rows`: the region, its nuclei, the mixture and every model."""
    models = dict.fromkeys(row["model"] for row in contents.scores.get("regions", []))
    return {"region": "region", "n": "nuclei"} | {name: f"{name} (keV)" for name in models}


def region_rows(contents: Contents) -> list[Row]:
    """Bias and rms (keV) of the mixture and of every model, by region of the chart."""
    rows: dict[str, Row] = {}
    for each in contents.scores.get("regions", []):
        row = rows.setdefault(each["region"], {"region": each["region"], "n": str(each["n"])})
        row[each["model"]] = f"{1000 * each['bias_MeV']:+.0f} / {1000 * each['rms_MeV']:.0f}"
    heads = region_heads(contents)
    return [{key: row.get(key, _NONE) for key in heads} for row in rows.values()]


def drip_rows(contents: Contents) -> list[Row]:
    """Lightest and heaviest bound isotope of some elements."""
    lines = contents.separations.lines
    present = lines.index.get_level_values("Z")
    rows = []
    for Z in (Z for Z in _ELEMENTS if Z in present):
        for line in lines[present == Z].reset_index().to_dict(orient="records"):
            edge = float(line["at_edge"])
            rows.append(
                {
                    "element": f"{symbol(Z)} (Z = {Z})",
                    "side": str(line["side"]),
                    "median": f"{symbol(Z)}-{Z + line['median']:.0f}",
                    "lower": f"{line['lower_68']:.0f} to {line['upper_68']:.0f}",
                    "wider": f"{line['lower_95']:.0f} to {line['upper_95']:.0f}",
                    "edge": f"{100 * edge:.0f} %",
                }
            )
    return rows


def residual_rows(contents: Contents) -> list[dict[str, Any]]:
    """Measured nuclei furthest outside what was predicted, MeV."""
    found = contents.largest_residuals().to_dict(orient="records")
    rows = [{str(key): value for key, value in row.items()} for row in found]
    for row in rows:
        row["predicted"] = _MeV(row["mean"], row["sd"])
    return rows


def doubt_lines(contents: Contents) -> list[str]:
    """Say what a list of masses to doubt is made from, and what it is worth."""
    if contents.doubts is None:
        return []
    summary = contents.doubts.summary
    learnt, found = summary["recalibration"], summary["validation"]
    lines = [
        f"{summary['n']} masses of {summary['evaluation']}, judged by "
        f"{', '.join(summary['models'])} and by their neighbours.",
        f"Probabilities are recalibrated by {learnt['n']} masses remeasured at "
        f"{learnt['transitions']} earlier transitions, of which {learnt['n_off']} were off."
        if learnt
        else "Probabilities are not recalibrated by what earlier ones have been worth.",
    ]
    if found is not None:
        lines.append(
            f"Of {found['n_measured_anew']} masses remeasured since, "
            f"{found['n_off_measured_anew']} were off, "
            f"{found['expected_off_measured_anew']:.1f} expected."
        )
    return lines


def doubt_rows(contents: Contents) -> list[dict[str, Any]]:
    """Measured masses that are most likely to be off, the most doubtful first."""
    if contents.doubts is None:
        return []
    table, on_chart = contents.doubts.table, set(contents.chart["label"])
    models = [name for name in table if str(name).startswith(_DEVIATION)]
    rows = []
    for row in table.head(_DOUBTED).to_dict(orient="records"):
        each = {str(name).removeprefix(_DEVIATION): row[name] for name in models}
        later = f"{row['later']}: {1000 * row['change']:+.0f} keV, {row['outcome']}"
        rows.append(
            {
                "nucleus": row["nucleus"],
                "on_chart": row["nucleus"] in on_chart,
                "probability": _share(row["probability"]),
                "measured": _MeV(row["mass_excess"], row["uncertainty"]),
                "left_out": _MeV(row["left_out"], row["left_out_sd"]),
                "deviation": f"{1000 * row['deviation']:+.0f}",
                "models": ", ".join(
                    f"{name} {1000 * deviation:+.0f}"
                    for name, deviation in each.items()
                    if np.isfinite(deviation)
                ),
                "neighbours": [(name, name in on_chart) for name in row["neighbours"].split()],
                "later": later if row["later"] else _NONE,
            }
        )
    return rows


def side_by_side(runs: Sequence[Contents]) -> list[Row]:
    """Compare the scores of several runs, one row each, and each with the first.

    The difference in CRPS is paired: over the nuclei that both have fitted, in keV, with the
    standard error of the mean difference.
    """
    rows: list[Row] = []
    for contents in runs:
        scores, nuclei = contents.scores, contents.nuclei
        row = {
            "name": contents.config.name,
            "converged": "yes" if scores["converged"] else "NO",
            "n": str(scores["n"]),
            "rms": _pm(scores["rms_MeV"]["mean"], scores["rms_standard_error_MeV"]["mean"]),
            "crps": _pm(scores["crps_MeV"], _se(nuclei["crps"])),
            "log_score": _NONE if scores["log_score"] is None
            else f"{scores['log_score']:.3f} ± {_se(nuclei['log_density']):.3f}",
        }  # fmt: skip
        for covered in coverage_rows(contents):
            row[covered["level"]] = covered["covered"]
        apart = (nuclei["crps"] - runs[0].nuclei["crps"]).dropna()
        row["paired"] = _NONE if not rows else _pm(apart.mean(), _se(apart), sign="+")
        row["common"] = str(len(apart))
        rows.append(row)
    return rows


def _se(values: Any) -> float:
    """Find the standard error of the mean of independent values."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else float("nan")


def _pm(value: float, error: float | None, sign: str = "") -> str:
    """Write MeV as keV."""
    known = error is not None and np.isfinite(error)
    # Adding zero turns -0 into 0.
    keV = 1000 * (error or 0.0)
    digits = _digits(keV, least=0) if known and error else 0
    text = f"{round(1000 * value, digits) + 0:{sign}.{digits}f}"
    return text + (f" ± {keV:.{digits}f}" if known and error else "")


def _digits(error: float, least: int) -> int:
    """Decimals that show one digit of an error."""
    return max(least, -floor(log10(error))) if error > 0 else least


def _share(probability: float) -> str:
    return "< 0.01" if probability < 0.01 else f"{probability:.2f}"


def _MeV(value: float, error: float) -> str:
    digits = _digits(error, least=3)
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def _keV(value: float | None) -> str:
    return _NONE if value is None else f"{1000 * value:.0f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _number(value: float | None, form: str = ".3f") -> str:
    return _NONE if value is None else f"{value:{form}}"


def _least(*values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return min(known) if known else None


def _arguments(parameters: dict[str, float]) -> str:
    return ", ".join(f"{name} = {value:.4g}" for name, value in parameters.items())
