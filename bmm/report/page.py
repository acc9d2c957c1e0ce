"""One self-contained HTML page from run folders: it opens offline and asks no one for anything."""

from __future__ import annotations

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

from bmm.report import tables
from bmm.report.contents import Contents, gather
from bmm.report.explorer import explorer
from bmm.report.figures import shown_figures
from bmm.workflows.separations import DRAWS
from bmm.writing import write_whole

__all__ = ["add_explorer", "page_template", "write_page", "write_report"]


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
    return write_page([gather(path) for path in paths], file)


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
        args={"show": made.show},
        code='show.execute(show); addEventListener("hashchange", () => show.execute(show));',
    )
    document.js_on_event("document_ready", follow)


def page_template(name: str) -> Template:
    """Template of a page, from this room."""
    text = files("bmm.report").joinpath(name).read_text(encoding="utf-8")
    return Environment(autoescape=True).from_string(text)


def _shown(contents: Contents) -> dict[str, Any]:
    """One run as the page's template takes it."""
    scores, origin, config = contents.scores, contents.provenance, contents.config
    verdict = scores["convergence"]
    return {
        "name": config.name,
        "description": config.description,
        "n": scores["n"],
        "converged": scores["converged"],
        "verdict": _verdict(verdict),
        "failures": verdict["failures"],
        "lines": tables.key_lines(contents),
        "scores": tables.score_rows(contents),
        "coverage": tables.coverage_rows(contents),
        "weights": tables.weight_rows(contents),
        "regions": tables.region_rows(contents),
        "region_heads": tables.region_heads(contents),
        "hyperparameters": tables.hyperparameter_rows(contents),
        "drip_lines": tables.drip_rows(contents),
        "figures": shown_figures(contents),
        "missing": contents.missing,
        "largest_residuals": contents.largest_residuals().to_dict(orient="records"),
        "citations": origin["citations"],
        "data": config.data,
        "chart": config.chart,
        "nuclei": len(contents.chart),
        "seed": origin["seed"],
        "sampler": config.mixing.sampler,
        "toml": config.to_toml(),
        "packages": {"python": origin["python"], "machine": origin["machine"],
                     **origin["packages"]},
        "checksums": origin["sha256"],
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
