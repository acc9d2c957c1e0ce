"""Colours that colour-blind readers can distinguish (Okabe & Ito 2008, without the pale yellow)."""

from __future__ import annotations

from itertools import cycle, islice

__all__ = ["DASHES", "model_styles"]

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6b4c9a")
DASHES = ("solid", "dashed", "dotted", "dashdot")
"""Names of line styles, as matplotlib spells them."""


def model_styles(count: int) -> list[tuple[str, str]]:
    """Colour and dash of each model's line; no two are alike among the first 28.

    Parameters
    ----------
    count : int
        Number of models.

    Examples
    --------
    >>> from bmm.figures.palette import model_styles
    >>> len(set(model_styles(28)))
    28
    """
    return list(islice(zip(cycle(_COLOURS), cycle(DASHES), strict=False), count))
