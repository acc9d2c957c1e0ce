"""One self-contained HTML page from run folders: it opens offline and asks no one for anything."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from bokeh.core.templates import FILE
from bokeh.document import Document
from bokeh.embed import file_html
from bokeh.resources import INLINE
from jinja2 import Environment
from matplotlib.figure import Figure

from bmm.figures.pit import pit_histogram
from bmm.report.contents import Contents, gather
from bmm.report.explorer import explorer
from bmm.writing import write_whole

__all__ = ["key_lines", "write_report"]

_DPI = 110
_FIGURES = {
    "coverage": "Share of the measured masses inside the credible intervals, against their "
    "probability; on the diagonal if calibrated.",
    "residuals": "Measured minus predicted mass over the chart, MeV.",
    "uncertainty": "Standard deviation of the prediction over the chart, MeV.",
    "weight_": "Posterior mean weight of a model over the chart.",
}


def write_report(paths: Sequence[Path], file: Path) -> Path:
    """Write the report of one run, or of several side by side.

    Parameters
    ----------
    paths : sequence of Path
        Folders of complete runs.
    file : Path
        The page, ``.html``.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    RunError
        If a folder holds no complete run, or the page cannot be written.
    """
    runs = [gather(path) for path in paths]
    document = Document(title="bmm report")
    shown = []
    for i, contents in enumerate(runs):
        layout, ready = explorer(contents)
        layout.name = f"explorer_{i}"
        document.add_root(layout)
        if i == 0:
            document.js_on_event("document_ready", ready)
        shown.append(_shown(contents))
    room = files("bmm.report")
    template = Environment(autoescape=True).from_string(
        room.joinpath("page.html").read_text(encoding="utf-8")
    )
    page = file_html(
        document,
        INLINE,
        template=template,
        template_variables={
            "base": FILE,
            "runs": shown,
            "names": [run["name"] for run in shown],
            "style": room.joinpath("page.css").read_text(encoding="utf-8"),
        },
    )
    write_whole(file, lambda path: path.write_text(page, encoding="utf-8"))
    return file


def key_lines(contents: Contents) -> list[str]:
    """Say what matters of a run in five lines."""
    scores, nuclei = contents.scores, contents.nuclei
    best = min(
        (row for row in scores["yardsticks"] if row["n"] == scores["n"]),
        key=lambda row: row["rms_MeV"],
        default=None,
    )
    weights = sorted(scores["weights"].items(), key=lambda item: -item[1])[:3]
    first = contents.surprises().iloc[0]
    beside = f"; best other: {best['name']}, {_keV(best['rms_MeV'])} keV" if best else ""
    return [
        f"rms of the {scores['n']} fitted masses: {_keV(scores['rms_MeV']['mean'])} keV{beside}",
        f"measured masses inside the 68 % intervals: {100 * scores['coverage']['0.68']:.1f} %, "
        f"inside the 95 % intervals: {100 * scores['coverage']['0.95']:.1f} %",
        f"CRPS {_keV(scores['crps_MeV'])} keV; median width of the 68 % intervals "
        f"{_keV(nuclei['width_68'].median())} keV",
        "largest weights: " + ", ".join(f"{name} {weight:.2f}" for name, weight in weights),
        f"largest surprise: {first['nucleus']}, off by {first['off']:+.3f} MeV "
        f"({first['off_sd']:+.1f} sd)",
    ]


def _shown(contents: Contents) -> dict[str, Any]:
    """One run as the page's template takes it."""
    scores, origin = contents.scores, contents.provenance
    verdict = scores["convergence"]
    return {
        "name": contents.config.name,
        "description": contents.config.description,
        "scores": scores,
        "converged": scores["converged"],
        "verdict": _verdict(verdict),
        "failures": verdict["failures"],
        "lines": key_lines(contents),
        "log_score": "" if scores["log_score"] is None else f"{scores['log_score']:.3f}",
        "points": [
            {"name": f"mixture, {name}", "n": scores["n"],
             "rms": f"{_keV(rms)} ± {_keV(scores['rms_standard_error_MeV'][name])}"}
            for name, rms in scores["rms_MeV"].items()
        ]
        + [
            {"name": row["name"], "n": row["n"], "rms": _keV(row["rms_MeV"])}
            for row in scores["yardsticks"]
        ],
        "figures": _figures(contents),
        "surprises": contents.surprises().to_dict(orient="records"),
        "citations": origin["citations"],
        "toml": contents.config.to_toml(),
        "packages": {"python": origin["python"], "machine": origin["machine"],
                     "seed": origin["seed"], **origin["packages"]},
        "checksums": origin["sha256"],
        "keV": _keV,
        "percent": lambda share: f"{100 * share:.1f} %",
    }  # fmt: skip


def _verdict(found: dict[str, Any]) -> str:
    r_hat, *ess = (found[name] for name in ("max_r_hat", "min_ess_bulk", "min_ess_tail"))
    # What a single chain, or a handful of draws, cannot tell is not in the file.
    how = (
        ("" if r_hat is None else f"R-hat at most {r_hat:.3f}, ")
        + ("" if None in ess else f"ESS at least {min(ess):.0f}, ")
        + f"{found['divergences']} divergences, {found['chains']} chains of {found['draws']} draws"
    )
    return f"Converged: {how}." if found["converged"] else f"NOT CONVERGED, do not use: {how}."


def _figures(contents: Contents) -> list[dict[str, str]]:
    """Figures of the run folder, and the PIT histogram, ready to be embedded."""
    stored = sorted((contents.path / "figures").glob("*.png"), key=lambda path: path.stem)
    embedded = [
        {
            "data": base64.b64encode(path.read_bytes()).decode("ascii"),
            "alt": f"{path.stem.replace('_', ' ')}: {text}",
            "caption": f"{path.stem.replace('_', ' ')}. {text}",
        }
        for path in stored
        for start, text in _FIGURES.items()
        if path.stem.startswith(start)
    ]
    text = "Where the measured masses fall in their predictive distributions; flat if calibrated."
    pit = {"data": _png(pit_histogram(contents.nuclei["pit"])), "alt": f"PIT histogram: {text}"}
    return [*embedded, pit | {"caption": f"PIT. {text}"}]


def _png(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _keV(value: float) -> str:
    return f"{1000 * value:.0f}"
