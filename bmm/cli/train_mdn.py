"""``bmm train-mdn``: train a mixture density network once, for runs to mix."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

__all__ = ["train_mdn"]


def train_mdn(
    card: Annotated[
        str, typer.Argument(help="Shipped network, or path of a model card (.toml).")
    ] = "MDN-refit",
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the files that are written.")
    ] = Path("mdn"),
    name: Annotated[str, typer.Option(help="Of the files and of the new model.")] = "my-MDN",
    measured: Annotated[str, typer.Option(help="Evaluation to train on.")] = "AME2020",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train a mixture density network on an evaluation.

    Writes the trained model (.npz), its predictions over the chart (.csv; measured nuclei by the
    members that have not seen them) and a model card (.toml) for `[theory] cards`.
    """
    from bmm.errors import ConfigError
    from bmm.theory.cards import read_card
    from bmm.theory.library import find_cards
    from bmm.theory.mdn.card import MdnCard
    from bmm.workflows.trained_mdn import train_network

    found = read_card(Path(card)) if card.endswith(".toml") else find_cards().get(card)
    if not isinstance(found, MdnCard):
        raise ConfigError(f"{card}: expected the name or the card of a model with adapter 'mdn'")
    console = Console(quiet=quiet, highlight=False, soft_wrap=True)
    done = train_network(found, measured, output, name=name, overwrite=overwrite, console=console)
    known = len(done.ensemble.training)
    how = "out-of-fold" if done.ensemble.settings.folds else "in sample"
    console.print(f"trained on {known} nuclei; rms {1000 * done.rms:.0f} keV, {how}")
    for file in (done.model, done.table, done.card):
        console.print(f"written: {file}", markup=False)
