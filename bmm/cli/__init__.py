"""The command line: one file per command, nothing heavy imported before it is needed."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from bmm.cli.check_table import check_table
from bmm.cli.cite import cite
from bmm.cli.compare import compare
from bmm.cli.data import data
from bmm.cli.design import design
from bmm.cli.doubt import doubt
from bmm.cli.emulate import emulate
from bmm.cli.explain_mdn import explain_mdn
from bmm.cli.explore import explore
from bmm.cli.export import export
from bmm.cli.freeze import freeze
from bmm.cli.models import models
from bmm.cli.predict import predict
from bmm.cli.report import report
from bmm.cli.resume import resume
from bmm.cli.run import advise, run
from bmm.cli.score import score
from bmm.cli.train_mdn import train_mdn
from bmm.cli.update import update
from bmm.errors import BmmError

__all__ = ["app", "main"]

EXIT_BAD_INPUT = 2

app = typer.Typer(
    name="bmm",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # which imports parsers of Markdown and of source for every --help
)
_COMPUTING = frozenset(
    ("run", "resume", "update", "design", "compare", "doubt", "emulate", "train-mdn")
)


@app.callback()
def bmm(
    context: typer.Context,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Threads that the command may use, for linear algebra, compiled loops and chains "
            "alike; by default BMM_THREADS of the environment, or all cores.",
        ),
    ] = None,
) -> None:
    """Local Bayesian model mixing of nuclear masses."""
    from bmm.execution.presence import announced, oversubscription
    from bmm.execution.threads import VARIABLE, set_threads, thread_count

    if threads is not None or VARIABLE in os.environ:
        set_threads(threads or thread_count())
    command = context.invoked_subcommand or ""
    if command in _COMPUTING and "--help" not in sys.argv:
        own = thread_count()
        warning = oversubscription(own, context.with_resource(announced(command, own)))
        if warning is not None:
            Console(stderr=True, highlight=False, soft_wrap=True).print(
                f"[yellow]warning:[/] {escape(warning)}"
            )


app.command()(run)
app.command()(resume)
app.command()(models)
app.command()(data)
app.command()(check_table)
app.command()(cite)
app.command()(predict)
app.command()(report)
app.command()(explore)
app.command()(export)
app.command()(update)
app.command()(design)
app.command()(freeze)
app.command()(score)
app.command()(compare)
app.command()(doubt)
app.command()(emulate)
app.command()(train_mdn)
app.command()(explain_mdn)


def main() -> None:
    """Run the command line; our own errors become one line and a non-zero exit code."""
    try:
        app()
    except BmmError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"[bold red]error:[/] {escape(str(error))}"
        )
        advise(error)
        sys.exit(EXIT_BAD_INPUT)
