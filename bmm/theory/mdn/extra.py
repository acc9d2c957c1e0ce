"""The optional packages that training and explaining a network need."""

from __future__ import annotations

import importlib

from bmm.errors import ConfigError

__all__ = ["require_extra"]

_PACKAGES = ("jax", "equinox", "optax", "shap")


def require_extra(purpose: str) -> None:
    """Raise a ConfigError, with the command that installs them, unless the packages are there.

    Parameters
    ----------
    purpose : str
        What they are needed for, such as "training a mixture density network".
    """
    for package in _PACKAGES:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise ConfigError(
                f"{purpose} needs {package}, which is not installed: "
                "pip install 'nuclear-bmm[mdn]' (in a checkout: uv sync --extra mdn)"
            ) from error
