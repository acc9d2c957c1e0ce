"""Scores as tables for the terminal."""

from __future__ import annotations

from rich.table import Table

from bmm.evaluation.mixture_scores import Scores

__all__ = ["score_tables"]


def score_tables(scores: Scores) -> list[Table]:
    """Lay out what `bmm.evaluation.mixture_scores.evaluate` returns.

    Parameters
    ----------
    scores : dict
        From `evaluate`.

    Returns
    -------
    list of rich.table.Table
        The mixture's scores, its baselines, the coverage and the models' weights.

    Examples
    --------
    With `tree`, `measured` and `theory` of the example of `bmm.fit`:

    >>> import bmm
    >>> from bmm.evaluation import evaluate, score_tables
    >>> from bmm.evaluation.nucleus_scores import nucleus_scores
    >>> found = bmm.predict(tree, measured.index, measured)
    >>> by_nucleus = nucleus_scores(found.distribution, measured.index, measured, [0.68])
    >>> scores = evaluate(found.summary, by_nucleus, theory, measured, training=measured)
    >>> len(score_tables(scores)) > 1
    True
    """
    return [_mixture(scores), _baselines(scores), _coverage(scores), _weights(scores)]


def _mixture(scores: Scores) -> Table:
    table = _table(f"Mixture on {scores['n']} measured nuclei", "score", "value")
    for name, value in scores["rms_MeV"].items():
        error = scores["rms_standard_error_MeV"][name]
        spread = "" if error is None else f" ± {error:.3f}"
        table.add_row(f"rms of the posterior {name} (MeV)", f"{value:.3f}{spread}")
    table.add_row("mean absolute error (MeV)", _text(scores["mae_MeV"]))
    table.add_row("bias, predicted minus measured (MeV)", _text(scores["bias_MeV"], "+.3f"))
    table.add_row("CRPS (MeV; smaller is better)", _text(scores["crps_MeV"]))
    table.add_row("log score (larger is better)", _text(scores["log_score"]))
    return table


def _baselines(scores: Scores) -> Table:
    table = _table("Baselines", "name", "rms (MeV)", "nuclei", "BMA weight")
    reasons = [f"{name} is left out: {why}" for name, why in scores["left_out"].items()]
    table.caption = "; ".join(reasons) or f"BMA weights from {scores['bma_n']} training nuclei"
    for row in scores["baselines"]:
        table.add_row(row["name"], _text(row["rms_MeV"]), str(row["n"]), _text(row["weight"]))
    return table


def _coverage(scores: Scores) -> Table:
    table = _table("Coverage of central intervals", "level", "covered", "standard error")
    for level, covered in scores["coverage"].items():
        error = scores["coverage_standard_error"][level]
        table.add_row(f"{float(level):.0%}", f"{covered:.1%}", f"{error:.1%}")
    return table


def _weights(scores: Scores) -> Table:
    table = _table("Mean over the scored nuclei", "model", "weight", "responsibility")
    for model, weight in scores["weights"].items():
        table.add_row(model, _text(weight), _text(scores["responsibilities"][model]))
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first)
    for header in others:
        table.add_column(header, justify="right")
    return table


def _text(value: float | None, form: str = ".3f") -> str:
    return "-" if value is None else f"{value:{form}}"
