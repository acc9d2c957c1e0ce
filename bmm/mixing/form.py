"""Forms of the likelihood: their interface, and the registry in which they are found by name.

A form says how a measured mass follows from the models, the fields of their weights and the
hyperparameters.  It is one class in one file, and one line of `LIKELIHOODS` or an entry point of
the group ``bmm.likelihoods``.  Every form has a PyTensor expression (`Likelihood.observe`), whose
derivatives are automatic, and a predictive distribution under posterior draws
(`Likelihood.components`).  A form with a compiled gradient (`CompiledLikelihood`) is sampled
faster; the expression is then the reference that its tests compare with.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bmm.errors import ConfigError
from bmm.registry import Registry

if TYPE_CHECKING:
    import xarray as xr

    from bmm.arrays import FloatArray
    from bmm.gp.basis import ChainBasis
    from bmm.mixing.draws import Components, Draws, Nuclei
    from bmm.mixing.model import Parts
    from bmm.mixing.named_model import Terms
    from bmm.mixing.settings import Mixing, Prior

__all__ = ["LIKELIHOODS", "CompiledLikelihood", "Likelihood", "form_of"]

_HYPERPARAMETERS = ("sigma", "mu", "eta", "rho_Z", "rho_N", "nu", "A_power")


class Likelihood(ABC):
    """A form of the likelihood.

    Attributes
    ----------
    corrected : bool
        Whether it is for corrected models: theory then has the variable support, and the spreads of
        models and measurements count whatever noise.measurement says.
    by_model : bool
        Whether every component of a predictive distribution is about one model.
    groups : int
        Into how many groups of alike location the draws of a nucleus are divided when its
        predictive distribution is written as a mixture of few components.
    priors : mapping of str to Prior
        Of scalar hyperparameters that only this form has.

    Examples
    --------
    Each mass follows the mean of the models with the mean of their variances:

    >>> import numpy as np
    >>> import pymc as pm
    >>> import pytensor.tensor as pt
    >>> from bmm.mixing.draws import Components, log_normalise
    >>> from bmm.mixing.form import Likelihood
    >>> class Mean(Likelihood):
    ...     def observe(self, terms):
    ...         mean = (terms.weight * terms.theory).sum(axis=1)
    ...         sd = pt.sqrt((terms.weight * terms.scale**2).sum(axis=1))
    ...         pm.StudentT("mass_excess", nu=terms.nu, mu=mean, sigma=sd,
    ...                     observed=terms.mass, dims="nucleus")
    ...
    ...     def components(self, draws, part, field, nuclei):
    ...         weight = np.exp(log_normalise(field, np.isfinite(nuclei.theory)))
    ...         mean = (weight * np.nan_to_num(nuclei.theory)).sum(axis=-1)
    ...         squared = draws.scale(nuclei.Z + nuclei.N, part) ** 2 + nuclei.variance
    ...         sd = np.sqrt((weight * squared).sum(axis=-1))
    ...         return Components.single(part, weight, mean, sd)
    """

    corrected: ClassVar[bool] = False
    by_model: ClassVar[bool] = False
    groups: ClassVar[int] = 32
    priors: ClassVar[Mapping[str, Prior]] = {}

    def check(self, settings: Mixing) -> None:
        """Refuse settings that the form has no place for.

        Raises
        ------
        ConfigError
            Naming the key.
        """
        if settings.temper != 1 or settings.mode is not None:
            raise ConfigError(
                f"the likelihood {settings.likelihood!r} is sampled with automatic derivatives: "
                "expected neither mixing.temper nor mixing.mode"
            )

    def hyperparameters(self, settings: Mixing) -> list[str]:
        """Names of the hyperparameters that are sampled with these settings."""
        noise = settings.noise
        fixed = {
            name
            for name, value in (("nu", noise.nu), ("A_power", noise.A_power))
            if value != "learn" or (name == "nu" and noise.family == "normal")
        }
        return [*(name for name in _HYPERPARAMETERS if name not in fixed), *self.priors]

    @abstractmethod
    def observe(self, terms: Terms) -> None:
        """Add the observed variable mass_excess, of dims nucleus, to the PyMC model at hand.

        Parameters
        ----------
        terms : Terms
            Fields, weights, masses and spreads; see `bmm.mixing.named_model.Terms`.
        """

    @abstractmethod
    def components(
        self, draws: Draws, part: slice, field: FloatArray, nuclei: Nuclei
    ) -> Components:
        """Distributions of the masses of nuclei under some draws, without their measurement.

        Parameters
        ----------
        draws : Draws
            All posterior draws, with the hyperparameters in `draws.variables`.
        part : slice
            Which of them.
        field : array (draw, nucleus, theory)
            Fields log alpha_k under these draws.
        nuclei : Nuclei
            The nuclei.

        Returns
        -------
        Components
            A single one for each nucleus and draw, or those of the density form.
        """

    def log_concentration(
        self, draws: Draws, part: slice, field: FloatArray, nuclei: Nuclei
    ) -> FloatArray:
        """Logarithms of the parameters alpha_k of the Dirichlet distribution of the weights.

        Parameters
        ----------
        draws, part, field, nuclei
            See `components`.

        Returns
        -------
        array (draw, nucleus, theory)
            -inf where a model does not cover a nucleus.
        """
        return np.where(np.isfinite(nuclei.theory), field, -np.inf)


class CompiledLikelihood(Likelihood):
    """A form whose gradient is compiled by hand."""

    def check(self, settings: Mixing) -> None:
        """Refuse settings that the form has no place for; here none."""

    @abstractmethod
    def data(self, problem: xr.Dataset, lattice: ChainBasis, settings: Mixing) -> FloatArray:
        """Everything about the training nuclei as one vector, which its operation unpacks.

        Parameters
        ----------
        problem : Dataset
            See `bmm.mixing.training_data.training_problem`.
        lattice : ChainBasis
            Basis at its nuclei.
        settings : Mixing
            Noise.
        """

    @abstractmethod
    def log_likelihood(self, parts: Parts) -> tuple[Any, Any]:
        """Add the variables of the form to the PyMC model at hand.

        Parameters
        ----------
        parts : Parts
            Makes the variables that all forms share; see `bmm.mixing.model.Parts`.

        Returns
        -------
        value : TensorVariable ()
            Log likelihood of all masses, log(1/MeV).
        beta : TensorVariable (theory, basis_Z, basis_N)
            Coefficients of the fields.
        """


LIKELIHOODS: Registry[type[Likelihood]] = Registry(
    "likelihood",
    "bmm.likelihoods",
    {
        "density": "bmm.mixing.density:DensityForm",
        "linear": "bmm.mixing.linear:LinearForm",
        "dirichlet": "bmm.mixing.dirichlet:DirichletForm",
    },
)
"""Forms that ``mixing.likelihood`` takes."""


def form_of(settings: Mixing) -> Likelihood:
    """Form of the likelihood that the settings name.

    Examples
    --------
    >>> from bmm.mixing.form import form_of
    >>> from bmm.mixing.settings import Mixing
    >>> form_of(Mixing(likelihood="dirichlet")).hyperparameters(Mixing())
    ['log_alpha_0', 'correlation', 'eta', 'rho_Z', 'rho_N']
    """
    return LIKELIHOODS[settings.likelihood]()
