"""What a user may choose about the mixture: likelihood, priors, noise, basis, sampler.

The symbols are those of the literature (Kejzlar, Neufcourt & Nazarewicz, Sci. Rep. 13, 19600):
mixing weights of nucleus x = (Z, N) are w(x) ~ Dirichlet(alpha(x)), and

    log alpha_k ~ GP(mu_k, eta_k exp[-(Z - Z')^2 / (2 rho_Z^2) - (N - N')^2 / (2 rho_N^2)]).
"""

from __future__ import annotations

import logging
from math import isfinite, log
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt, field_validator, model_validator

from bmm.configuration import Configuration
from bmm.distributions.degrees_of_freedom import NU
from bmm.errors import quoted
from bmm.gp.basis import Kernel
from bmm.mixing.form import LIKELIHOODS

__all__ = [
    "FORECAST",
    "NAMED_PRIORS",
    "Basis",
    "Kernels",
    "MeasurementTreatment",
    "Mixing",
    "Mode",
    "Noise",
    "Prior",
    "Priors",
    "Sampler",
]

logger = logging.getLogger(__name__)

_OBSERVABLES = ("binding_energy_per_nucleon", "mass_excess")

type MeasurementTreatment = Literal["stated", "learnt"]
"""Errors of measured masses: those of the stated uncertainties, or learnt from their history."""

# Distributions a prior may name, with their parameters as PyMC spells them.
POSITIVE: dict[str, tuple[str, ...]] = {
    "Exponential": ("lam",),
    "Gamma": ("alpha", "beta"),
    "HalfNormal": ("sigma",),
    "HalfStudentT": ("nu", "sigma"),
    "InverseGamma": ("alpha", "beta"),
    "LogNormal": ("mu", "sigma"),
    "Weibull": ("alpha", "beta"),
}
UNIT: dict[str, tuple[str, ...]] = {"Beta": ("alpha", "beta")}
REAL: dict[str, tuple[str, ...]] = {
    "Normal": ("mu", "sigma"),
    "StudentT": ("nu", "mu", "sigma"),
    "Laplace": ("mu", "b"),
}


class Prior(Configuration):
    """A prior distribution, named and parametrised as in PyMC.

    Parameters
    ----------
    distribution : str
        ``"Gamma"``, ``"LogNormal"``, ``"Normal"``, ...; the PyMC name.
    parameters : dict of str to float
        All parameters of that distribution, by their PyMC names.
    """

    distribution: str
    parameters: dict[str, float]

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: Any) -> Any:
        """Accept the flat form {distribution = "Gamma", alpha = 10, beta = 1}."""
        if isinstance(value, dict) and "parameters" not in value:
            flat = dict(value)
            return {"distribution": flat.pop("distribution", ""), "parameters": flat}
        return value

    @model_validator(mode="after")
    def _known(self) -> Prior:
        allowed = POSITIVE | UNIT | REAL
        if self.distribution not in allowed:
            raise ValueError(
                f"unknown distribution {self.distribution!r}; expected one of {', '.join(allowed)}"
            )
        expected = allowed[self.distribution]
        wrong = [
            name
            for name, value in self.parameters.items()
            if not isfinite(value) or (name != "mu" and value <= 0)
        ]
        if wrong and set(self.parameters) == set(expected):
            raise ValueError(
                f"{self.distribution}: {wrong[0]} must be "
                f"{'finite' if wrong[0] == 'mu' else 'positive'}, not {self.parameters[wrong[0]]:g}"
            )
        if set(self.parameters) != set(expected):
            raise ValueError(
                f"{self.distribution} takes the parameters {', '.join(expected)}, "
                f"not {', '.join(self.parameters) or 'none'}"
            )
        return self

    def flat(self) -> dict[str, Any]:
        """Return the form in which it is written in a configuration file."""
        return {"distribution": self.distribution, **self.parameters}


def _prior(distribution: str, **parameters: float) -> Prior:
    return Prior(distribution=distribution, parameters=parameters)


class Priors(Configuration):
    """Priors of the hyperparameters.

    Parameters
    ----------
    sigma : Prior, default LogNormal(log 4, 0.8)
        Spread sigma_k of each model, keV per nucleon at A = 100 (see `Noise`): 0.08 to 1.9 MeV
        there, in 95 of 100 cases.  A prior that keeps the spread of a model without work far from
        where it could be of use, as Gamma(10, 1) does for accurate models, divides the posterior
        into modes: with the model at work, and without.
    mu : Prior, default Normal(0, 1)
        Mean mu_k of log alpha_k over the chart.
    eta : Prior, default Gamma(10, 2)
        Variance eta_k of log alpha_k.
    rho_Z, rho_N : Prior, default Gamma(10, 1)
        Length scales of log alpha_k along Z and N, in nucleons.  The default lies around ten
        nucleons; ``Gamma(5, 2)``, around 2.5, lets weights change within one shell.
    nu : Prior, default Gamma(2, 0.1)
        Degrees of freedom of Student-t noise, where they are learned.
    A_power : Prior, default Normal(0, 0.5)
        Exponent of the noise's growth with A, where it is learned.
    log_alpha_0 : Prior, default Normal(2.5, 1)
        Dirichlet form: log alpha_0 where the scale of corrected models is 0.1 MeV.
    correlation : Prior, default Beta(6, 9)
        Dirichlet form: correlation of the errors of two corrected models.
    """

    sigma: Prior = _prior("LogNormal", mu=log(4), sigma=0.8)
    mu: Prior = _prior("Normal", mu=0, sigma=1)
    eta: Prior = _prior("Gamma", alpha=10, beta=2)
    rho_Z: Prior = _prior("Gamma", alpha=10, beta=1)
    rho_N: Prior = _prior("Gamma", alpha=10, beta=1)
    nu: Prior = _prior("Gamma", alpha=2, beta=0.1)
    A_power: Prior = _prior("Normal", mu=0, sigma=0.5)
    log_alpha_0: Prior = _prior("Normal", mu=2.5, sigma=1)
    correlation: Prior = _prior("Beta", alpha=6, beta=9)

    @model_validator(mode="after")
    def _supports(self) -> Priors:
        for name in ("sigma", "eta", "rho_Z", "rho_N", "nu"):
            if getattr(self, name).distribution not in POSITIVE:
                raise ValueError(
                    f"{name} must be positive: expected one of {', '.join(POSITIVE)}, "
                    f"not {getattr(self, name).distribution}"
                )
        if self.correlation.distribution not in UNIT:
            raise ValueError(
                f"correlation lies between 0 and 1: expected one of {', '.join(UNIT)}, "
                f"not {self.correlation.distribution}"
            )
        return self


NAMED_PRIORS = {
    "bmm": Priors(),
    "kth": Priors(
        sigma=_prior("Gamma", alpha=10, beta=1),
        rho_Z=_prior("Gamma", alpha=5, beta=2),
        rho_N=_prior("Gamma", alpha=5, beta=2),
    ),
}
"""Named priors: the defaults of bmm, and those of the KTH study (talk of 31 October 2024)."""


class Noise(Configuration):
    """How measured masses scatter about the model that describes them.

    The deviation of a nucleus of mass number A from model k has, in total energy, the scale
    ``sigma_k * 100 * (A / 100) ** A_power`` keV.

    Parameters
    ----------
    family : {"student_t", "normal"}, default "student_t"
        Shape of the deviations.
    nu : float or "learn", default 4
        Degrees of freedom of the Student-t.
    A_power : float or "learn", default 0
        0: constant in total energy.  1: constant per nucleon, as in the KTH talk.
    measurement : bool, default True
        Add the measurement uncertainty, and a model's own stated spread, in quadrature.
    """

    family: Literal["student_t", "normal"] = "student_t"
    nu: PositiveFloat | Literal["learn"] = NU
    A_power: float | Literal["learn"] = 0.0
    measurement: bool = True


class Kernels(Configuration):
    """Kernel of the fields along each axis; that of a field is their product.

    Parameters
    ----------
    Z, N : {"squared_exponential", "matern32", "matern52"}
        Squared exponential, or Matérn with nu = 3/2 or 5/2, which is rougher and takes more basis
        functions.
    """

    Z: Kernel = "squared_exponential"
    N: Kernel = "squared_exponential"


class Basis(Configuration):
    """Hilbert-space basis; what is left out follows the published rule.

    Parameters
    ----------
    m_Z, m_N : int, optional
        Number of basis functions along Z and N.  Without either, the rule resolves the length
        scales of the prior, and the basis is refined for those of the posterior
        (`bmm.mixing.refinement`).
    c_Z, c_N : float, optional
        Half width of the box in units of the half width of the prediction chart.
    resolve : (float, float), default (0.05, 0.95)
        Quantiles of the length-scale prior that the rule takes for the shortest and the longest
        length scale to resolve.
    """

    m_Z: PositiveInt | None = None
    m_N: PositiveInt | None = None
    c_Z: Annotated[float, Field(ge=1)] | None = None
    c_N: Annotated[float, Field(ge=1)] | None = None
    resolve: tuple[float, float] = (0.05, 0.95)

    @model_validator(mode="after")
    def _ascending(self) -> Basis:
        if not 0 < self.resolve[0] <= self.resolve[1] < 1:
            raise ValueError(f"resolve must ascend between 0 and 1, not {list(self.resolve)}")
        return self

    @property
    def automatic(self) -> bool:
        """Whether the basis is refined where it does not resolve the fitted length scales."""
        return self.m_Z is None and self.m_N is None


class Mode(Configuration):
    """A mode of the posterior to be sampled for itself, beside the free chains.

    Parameters
    ----------
    sigma : list of float
        sigma_k to start from, keV per nucleon at A = 100, in the order of the components.
    sigma_below : float
        The mode is the part of the posterior in which every sigma_k is below this; as many
        chains as run free are confined to it.
    """

    sigma: list[PositiveFloat]
    sigma_below: PositiveFloat

    @model_validator(mode="after")
    def _starts_inside(self) -> Mode:
        if max(self.sigma) >= self.sigma_below:
            raise ValueError(f"every sigma must be below sigma_below = {self.sigma_below:g}")
        return self


class Sampler(Configuration):
    """Settings of NUTS.

    Parameters
    ----------
    chains, draws, tune : int
        Number of chains, kept draws and warm-up draws per chain.  Longer warm-up did not help:
        with 300 to 1000, as many effective draws were left (`benchmarks/sampler.py`, 24 x 36).
    target_accept : float, default 0.8
        Target acceptance probability.
    max_depth : int, default 10
        Largest depth of a trajectory tree.
    cores : int, optional
        Chains run at the same time; by default, as many as there are processors.
    """

    chains: PositiveInt = 4
    draws: PositiveInt = 1000
    tune: PositiveInt = 500
    target_accept: Annotated[float, Field(gt=0, lt=1)] = 0.8
    max_depth: PositiveInt = 10
    cores: PositiveInt | None = None


class Mixing(Configuration):
    """Everything about the mixture.

    Parameters
    ----------
    likelihood : str, default "density"
        "density": each mass is that of one model, and the weights are probabilities
        (`bmm.mixing.density`).  "linear": each mass is an average of the models, and the weights
        are its coefficients (`bmm.mixing.linear`).  "dirichlet": an average among the data and a
        choice beyond them, for corrected models (`bmm.mixing.dirichlet`).  Or the name of
        a form of one's own (`bmm.mixing.form`).
    kernel : Kernels, or the name of one kernel for both axes, default "squared_exponential"
        See `Kernels`.
    reference : str, optional
        Theory model whose field is zero: the weights are the softmax of the others' fields and of
        zero.  Its mu_k and eta_k stay at their priors.  By default, every model has a field.
    priors : Priors, or "bmm" or "kth"
        See `Priors`; "kth" stands for those of the KTH study.
    noise, basis, sampler
        See `Noise`, `Basis`, `Sampler`; ``basis="auto"`` is the default, a basis without sizes.
    mode : Mode, optional
        A mode to be sampled for itself.
    temper : float, default 1
        Power of the likelihood, at most 1.  Residuals of neighbours are alike, so that n masses say
        less of the weights than n independent ones.

    Examples
    --------
    >>> import bmm
    >>> settings = bmm.Mixing(likelihood="linear", kernel="matern52", noise={"family": "normal"})
    >>> settings.kernel.Z, settings.temper
    ('matern52', 1.0)
    >>> bmm.Mixing(priors="kth").priors.sigma.distribution
    'Gamma'
    """

    likelihood: str = "density"
    kernel: Kernels = Kernels()
    reference: str | None = None
    priors: Priors = Priors()
    noise: Noise = Noise()
    basis: Basis = Basis()
    mode: Mode | None = None
    temper: Annotated[float, Field(gt=0, le=1)] = 1.0
    sampler: Sampler = Sampler()

    @model_validator(mode="before")
    @classmethod
    def _without_observable(cls, data: Any) -> Any:
        """Pass over a key of earlier configurations, which changed no result."""
        if not isinstance(data, dict) or data.get("observable") not in _OBSERVABLES:
            return data
        logger.warning(
            "key 'mixing.observable' changes no result and is passed over: masses are mass "
            "excesses, and the log likelihood is per MeV"
        )
        return {key: value for key, value in data.items() if key != "observable"}

    @field_validator("likelihood")
    @classmethod
    def _registered(cls, value: str) -> str:
        return LIKELIHOODS.known(value)

    @field_validator("kernel", mode="before")
    @classmethod
    def _on_both_axes(cls, value: Any) -> Any:
        return {"Z": value, "N": value} if isinstance(value, str) else value

    @field_validator("basis", mode="before")
    @classmethod
    def _automatic(cls, value: Any) -> Any:
        if isinstance(value, str) and value != "auto":
            raise ValueError(f"expected 'auto' or a table of sizes, not {quoted(value)}")
        return {} if value == "auto" else value

    @field_validator("priors", mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value not in NAMED_PRIORS:
            raise ValueError(
                f"no priors are called {value!r}: expected one of {', '.join(NAMED_PRIORS)}, "
                "or a table of priors"
            )
        return NAMED_PRIORS[value]


FORECAST = Mixing(
    likelihood="dirichlet",
    temper=1 / 3,
    noise=Noise(nu=8.0),
    priors=Priors(
        eta=_prior("Gamma", alpha=4, beta=16),
        rho_Z=_prior("LogNormal", mu=3, sigma=0.2),
        rho_N=_prior("LogNormal", mu=3, sigma=0.2),
    ),
    sampler=Sampler(draws=500),
)
"""Settings for corrected models: weights that change over twenty nucleons, by a factor of 1.6."""
