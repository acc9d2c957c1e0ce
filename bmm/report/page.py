"""One self-contained HTML page from run folders: it opens offline and asks no one for anything."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from bokeh.core.templates import FILE
from bokeh.document import Document
from bokeh.embed import file_html
from bokeh.models import CustomJS
from bokeh.resources import INLINE
from jinja2 import Environment, Template

from bmm.mixing.resolution import unresolved
from bmm.prediction.existence import existence_rises
from bmm.prediction.forecast import DRAWS
from bmm.report import tables
from bmm.report.contents import Contents, gather
from bmm.report.explorer import explorer
from bmm.report.figures import shown_figures
from bmm.report.learnt import FIELD_HEADS, field_rows, source_rows
from bmm.report.scripts import script
from bmm.writing import write_whole

__all__ = ["add_explorer", "page_template", "write_page", "write_report"]


def write_report(paths: Sequence[Path], file: Path, chains: Sequence[int] = ()) -> Path:
    """Write the report of one run, or of several side by side.

    Parameters
    ----------
    paths : sequence of Path
        Folders of complete runs.
    file : Path
        The page, ``.html``.
    chains : sequence of int, optional
        Proton numbers of the isotopic chains to draw; see `bmm.report.contents.gather`.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    RunError
        If a folder holds no complete run, or the page cannot be written.
    DomainError
        If the chart of a run has no isotope of a chain.
    """
    return write_page([gather(path, chains) for path in paths], file)


def write_page(runs: Sequence[Contents], file: Path) -> Path:
    """Write the report of runs that have been read; see `write_report`."""
    document = Document(title="bmm report")
    for number, contents in enumerate(runs):
        add_explorer(document, contents, number)
    page = file_html(
        document,
        INLINE,
        template=page_template("page.html"),
        template_variables={
            "base": FILE,
            "runs": [_shown(contents) for contents in runs],
            "beside": tables.side_by_side(runs) if len(runs) > 1 else [],
            "style": files("bmm.report").joinpath("page.css").read_text(encoding="utf-8"),
            "draws": DRAWS,
        },
    )
    write_whole(file, lambda path: path.write_text(page, encoding="utf-8"))
    return file


def add_explorer(document: Document, contents: Contents, number: int) -> None:
    """Add the parts of an interactive chart to a document, named <part>_<number>."""
    made = explorer(contents)
    for name, part in made.parts.items():
        part.name = f"{name}_{number}"
        document.add_root(part)
    follow = CustomJS(
        args={
            "show": made.show,
            "plots": [made.parts[name] for name in ("chart", "density", "chain")],
        },
        code=script("opened.js"),
    )
    document.js_on_event("document_ready", follow)


def page_template(name: str) -> Template:
    """Template of a page, from this room."""
    text = files("bmm.report").joinpath(name).read_text(encoding="utf-8")
    return Environment(autoescape=True).from_string(text)


def _shown(contents: Contents) -> dict[str, Any]:
    """One run as the page's template takes it."""
    scores, origin, config = contents.scores, contents.provenance, contents.config
    verdict, coarse = scores["convergence"], unresolved(scores["basis"])
    return {
        "name": config.name,
        "description": config.description,
        "n": scores["n"],
        "converged": scores["converged"],
        "verdict": _verdict(verdict, coarse=bool(coarse)),
        "coarse": coarse,
        "failures": verdict["failures"],
        "lines": tables.key_lines(contents),
        "scores": tables.score_rows(contents),
        "coverage": tables.coverage_rows(contents),
        "weights": tables.weight_rows(contents),
        "effective": tables.effective_rows(contents),
        "regions": tables.region_rows(contents),
        "region_heads": tables.region_heads(contents),
        "hyperparameters": tables.hyperparameter_rows(contents),
        "drip_lines": tables.drip_rows(contents),
        "figures": shown_figures(contents),
        "largest_residuals": tables.residual_rows(contents),
        "frozen": contents.frozen,
        "sources": source_rows(contents),
        "fields": field_rows(contents),
        "field_heads": FIELD_HEADS,
        "doubts": tables.doubt_rows(contents),
        "doubt_lines": tables.doubt_lines(contents),
        "path": shlex.quote(str(contents.path)),
        "border": _border(contents),
        "rises": existence_rises(contents.separations.nuclei),
        "citations": origin["citations"],
        "data": config.data,
        "own": tables.own_lines(contents),
        "chart": config.chart,
        "nuclei": len(contents.chart),
        "seed": origin["seed"],
        "sampler": config.mixing.sampler,
        "toml": config.to_toml(),
        "packages": {"python": origin["python"], "machine": origin["machine"],
                     **origin["packages"]},
        "checksums": origin["sha256"],
    }  # fmt: skip


def _border(contents: Contents) -> int:
    """Count the nuclei of which a difference would lie across the end of a model's table."""
    if contents.separations is None or "border" not in contents.separations.nuclei:
        return 0
    return int(contents.separations.nuclei["border"].sum())


def _verdict(found: dict[str, Any], *, coarse: bool) -> str:
    r_hat, *ess = (found[name] for name in ("max_r_hat", "min_ess_bulk", "min_ess_tail"))
    # What a single chain, or a handful of draws, cannot tell is not in the file.
    how = (
        ("" if r_hat is None else f"R-hat at most {r_hat:.3f}, ")
        + ("" if None in ess else f"ESS at least {min(ess):.0f}, ")
        + f"{found['divergences']} divergences, {found['chains']} chains of {found['draws']} draws"
    )
    if not found["converged"]:
        return f"NOT CONVERGED, do not use: {how}."
    return f"Converged{', but see the basis' if coarse else ''}: {how}."
