"""The optional packages that train networks."""

from __future__ import annotations

from importlib.util import find_spec

from bmm.errors import ConfigError

__all__ = ["require_networks"]

_PACKAGES = ("jax", "equinox", "optax")


def require_networks() -> None:
    """Check that the packages for training networks are there.

    Raises
    ------
    ConfigError
        If they are not; it names the command that installs them.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"a committee of networks needs {', '.join(missing)}: install with "
            "pip install 'nuclear-bmm[emulate]'"
        )
