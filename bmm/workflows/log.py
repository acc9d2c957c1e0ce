"""What a run leaves of its course: ``log.txt``, and the time of its stages."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["logged_to", "rounded"]

logger = logging.getLogger(__name__)


def rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    """Seconds of each stage, to the hundredth.

    Examples
    --------
    >>> from bmm.workflows.log import rounded
    >>> rounded({"sampling": 12.3456})
    {'sampling': 12.35}
    """
    return {name: round(each, 2) for name, each in seconds.items()}


@contextmanager
def logged_to(path: Path) -> Iterator[None]:
    """Add what bmm logs to a file, errors included.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.workflows.log import logged_to
    >>> path = Path(tempfile.mkdtemp()) / "log.txt"
    >>> with logged_to(path):
    ...     pass
    ...
    >>> path.exists()
    True
    """
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("bmm")
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    try:
        yield
    except BaseException:
        logger.exception("the run ended early")
        raise
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
