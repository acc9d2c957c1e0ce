"""Fields and likelihoods of posterior draws, in plain NumPy, a few draws at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from bmm.arrays import BoolArray, FloatArray, IntArray
from bmm.distributions import student_t
from bmm.distributions.logarithms import log_sum_exp
from bmm.gp.basis import Axis
from bmm.mixing.form import form_of
from bmm.mixing.noise import SIGMA_UNIT, log_mass_ratio
from bmm.mixing.priors import has_field, hyperparameters
from bmm.mixing.settings import Mixing
from bmm.progress import track

__all__ = ["Components", "Draws", "Nuclei", "log_normalise", "mean_weights"]

# Numbers of a field made at a time, which fit into the cache.
_CHUNK_ELEMENTS = 250_000


def log_normalise(log_alpha: FloatArray, covers: BoolArray) -> FloatArray:
    """Logarithm of the mean weights alpha_k / alpha_0 over the models that cover a nucleus.

    Parameters
    ----------
    log_alpha : array (..., nucleus, model)
        Fields.
    covers : bool array (nucleus, theory)
        Which models take part.

    Returns
    -------
    array (..., nucleus, model)
        -inf where a model does not cover the nucleus.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.mixing.draws import log_normalise
    >>> np.exp(log_normalise(np.array([[0.0, 1.0, 9.0]]), np.array([[True, True, False]]))).round(2)
    array([[0.27, 0.73, 0.  ]])
    """
    masked = np.where(covers, log_alpha, -np.inf)
    top = masked.max(axis=-1, keepdims=True)
    return np.asarray(masked - top - np.log(np.exp(masked - top).sum(axis=-1, keepdims=True)))


def mean_weights(log_alpha: FloatArray, covers: BoolArray) -> FloatArray:
    """Mean weights alpha_k / alpha_0, written over log alpha; see `log_normalise`.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.mixing.draws import mean_weights
    >>> mean_weights(np.zeros((1, 1, 2)), np.array([[True, True]]))
    array([[[0.5, 0.5]]])
    """
    np.copyto(log_alpha, -np.inf, where=~covers)
    log_alpha -= log_alpha.max(axis=-1, keepdims=True)
    np.exp(log_alpha, out=log_alpha)
    log_alpha /= log_alpha.sum(axis=-1, keepdims=True)
    return log_alpha


@dataclass(frozen=True)
class Nuclei:
    """Nuclei whose distributions are asked for.

    Parameters
    ----------
    Z, N : int array (nucleus,)
        Proton and neutron numbers.
    theory : array (nucleus, theory)
        Model mass excess, MeV; NaN where a model does not cover a nucleus.
    variance : array (nucleus, theory)
        Variance that each model states, MeV^2.
    support : array (nucleus,), optional
        Of corrected models: share of the neighbours that are measured.

    Examples
    --------
    With `theory` and `settings` of the example of `bmm.fit`:

    >>> from bmm.mixing.draws import Nuclei
    >>> nuclei = Nuclei.of(theory, settings)
    >>> len(nuclei) == theory.sizes["nucleus"], nuclei[:3].theory.shape
    (True, (3, 2))
    """

    Z: IntArray
    N: IntArray
    theory: FloatArray
    variance: FloatArray
    support: FloatArray | None = None

    @classmethod
    def of(cls, chart: xr.Dataset, settings: Mixing) -> Nuclei:
        """Nuclei of a chart (see `bmm.theory.adapters.prediction`), as a mixture takes them."""
        stated = np.nan_to_num(chart["mass_excess_sd"].to_numpy()) ** 2
        if not _uncertainties_count(settings):
            stated = np.zeros_like(stated)
        support = chart["support"].to_numpy() if "support" in chart else None
        Z, N = (chart[name].to_numpy() for name in ("Z", "N"))
        return cls(Z, N, chart["mass_excess"].to_numpy(), stated, support)

    def __len__(self) -> int:
        return len(self.Z)

    def __getitem__(self, rows: slice | IntArray | np.ndarray) -> Nuclei:
        support = None if self.support is None else self.support[rows]
        return Nuclei(self.Z[rows], self.N[rows], self.theory[rows], self.variance[rows], support)


@dataclass(frozen=True)
class Components:
    """The distribution of each nucleus under some draws: a mixture of c components.

    Of the density form, every model is one; the linear and the Dirichlet form have a single one.

    Parameters
    ----------
    part : slice
        Which draws.
    weight : array (draw, nucleus, theory)
        Mean weights of the models.
    share, log_share : array (draw, nucleus, c)
        The components' probabilities and their logarithms.
    centre : array (draw or 1, nucleus, c)
        MeV; where the probability is 0, any number.
    scale : array (draw, nucleus, c)
        MeV.

    Examples
    --------
    A single component with a scale of 0.5 MeV, under one draw:

    >>> import numpy as np
    >>> from bmm.mixing.draws import Components
    >>> weight, location = np.array([[[0.7, 0.3]]]), np.array([[-80.0]])
    >>> one = Components.single(slice(0, 1), weight, location, np.array([[0.5]]))
    >>> one.centre.shape, one.share.item()
    ((1, 1, 1), 1.0)
    """

    part: slice
    weight: FloatArray
    share: FloatArray
    log_share: FloatArray
    centre: FloatArray
    scale: FloatArray

    @classmethod
    def single(
        cls, part: slice, weight: FloatArray, centre: FloatArray, scale: FloatArray
    ) -> Components:
        """One component for each nucleus and draw; centre and scale are arrays (draw, nucleus)."""
        alone = np.ones((*centre.shape, 1))
        return cls(part, weight, alone, np.zeros_like(alone), centre[..., None], scale[..., None])

    def sample(self, nu: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Draw one mass of each nucleus under each draw, array (draw, nucleus), MeV.

        Parameters
        ----------
        nu : array (draw,)
            Degrees of freedom of the components.
        rng : Generator
            Source of random numbers.
        """
        cumulative = np.cumsum(self.share, axis=-1)
        u = rng.random(self.share.shape[:2]) * cumulative[..., -1]
        chosen = (u[..., None] >= cumulative[..., :-1]).sum(axis=-1)[..., None]
        deviation = rng.standard_normal(chosen.shape[:2])
        nu = nu[:, None]
        if np.isfinite(nu).all():
            deviation *= np.sqrt(0.5 * nu / rng.standard_gamma(0.5 * nu, size=deviation.shape))
        centre = np.broadcast_to(self.centre, self.scale.shape)
        middle, spread = (
            np.take_along_axis(x, chosen, axis=-1)[..., 0] for x in (centre, self.scale)
        )
        return np.asarray(middle + spread * deviation)


class Draws:
    """Posterior draws as a function of the nucleus.

    Parameters
    ----------
    posterior : Dataset
        With dims chain and draw.
    axis_Z, axis_N : Axis
        Basis along the axes of the chart.
    settings : Mixing
        Form of the likelihood, and noise.

    Examples
    --------
    With `tree` and `measured` of the example of `bmm.fit`, the spread of the two models at A = 100
    and 200, MeV; it is constant in total energy by default:

    >>> from bmm.mixing.fitted import posterior_draws
    >>> scale = posterior_draws(tree).scale([100, 200])
    >>> scale.shape, bool((scale[:, 0] == scale[:, 1]).all())
    ((100, 2, 2), True)
    """

    def __init__(self, posterior: xr.Dataset, axis_Z: Axis, axis_N: Axis, settings: Mixing) -> None:
        self._settings, noise = settings, settings.noise
        self.form = form_of(settings)
        self._axes = (axis_Z, axis_N)
        flat = posterior.stack(sample=("chain", "draw"), create_index=False)
        flat = flat.transpose("sample", ...)
        self.count: int = flat.sizes["sample"]
        self.chains: int = posterior.sizes["chain"]
        self.models: list[str] = [str(name) for name in flat["theory"].to_numpy()]
        self._beta = flat["beta"].to_numpy()
        fields = has_field(self.models, settings)
        self._amplitude = np.sqrt(flat["eta"].to_numpy()) * fields
        self.variables: dict[str, FloatArray] = {
            name: flat[name].to_numpy() for name in hyperparameters(settings)
        }
        # A form may have a common level for all fields, and no noise of the models.
        mu = flat["mu"].to_numpy() if "mu" in flat else np.zeros(self._amplitude.shape)
        self._mu = mu * fields
        self._rho = (flat["rho_Z"].to_numpy(), flat["rho_N"].to_numpy())
        self.sigma: FloatArray = (
            flat["sigma"].to_numpy() if "sigma" in flat else np.zeros(self._amplitude.shape)
        )
        learned = self.variables
        fixed_nu = np.inf if noise.family == "normal" else noise.nu
        self.nu: FloatArray = learned.get("nu", np.full(self.count, fixed_nu))
        self.power: FloatArray = learned.get("A_power", np.full(self.count, noise.A_power))

    def log_alpha(self, Z: IntArray, N: IntArray) -> Iterator[tuple[slice, FloatArray]]:
        """Fields at the nuclei (Z, N), a few draws at a time.

        Yields
        ------
        slice, array (draw, nucleus, theory)
            Which draws, and log alpha_k of each.

        Raises
        ------
        DomainError
            For a nucleus outside the prediction chart.
        """
        rows, row = np.unique(Z, return_inverse=True)
        functions = [axis.functions(x) for axis, x in zip(self._axes, (rows, N), strict=True)]
        # Isotopes lie together on the chart; where they do not, they are gathered.
        isotopes = [np.flatnonzero(row == each) for each in range(len(rows))]
        K, n = len(self.models), len(row)
        step = max(1, _CHUNK_ELEMENTS // (K * max(n, len(rows) * self._axes[1].m)))
        for start in track(range(0, self.count, step), "sums over the posterior draws"):
            part = slice(start, min(start + step, self.count))
            along_Z = functions[0] @ self._coefficients(part)
            field = np.empty((part.stop - part.start, K, n))
            for each, members in enumerate(isotopes):
                field[:, :, members] = along_Z[:, :, each] @ functions[1][members].T
            field += self._mu[part][:, :, None]
            yield part, np.swapaxes(field, 1, 2)

    def _coefficients(self, part: slice) -> FloatArray:
        """Coefficients of the basis functions, array (draw, theory, basis_Z, basis_N)."""
        root_Z, root_N = (
            axis.root_spectral_density(rho[part][:, None])
            for axis, rho in zip(self._axes, self._rho, strict=True)
        )
        size = self._amplitude[part][:, :, None, None]
        return np.asarray(
            self._beta[part] * (size * root_Z[:, None, :, None] * root_N[:, None, None])
        )

    def scale(self, A: npt.ArrayLike, part: slice = slice(None)) -> FloatArray:
        """Spread of each component in total energy, array (draw, nucleus, theory), MeV."""
        growth = np.exp(self.power[part][:, None] * log_mass_ratio(A))
        return SIGMA_UNIT * growth[:, :, None] * self.sigma[part][:, None, :]

    def components(self, nuclei: Nuclei) -> Iterator[Components]:
        """Distributions of nuclei, a few draws at a time; see `bmm.mixing.form.Likelihood`."""
        for part, field in self.log_alpha(nuclei.Z, nuclei.N):
            yield self.form.components(self, part, field, nuclei)

    def concentrations(self, nuclei: Nuclei) -> Iterator[tuple[slice, FloatArray]]:
        """Logarithms of the parameters alpha_k(x) of the Dirichlet distribution of the weights.

        Yields
        ------
        slice, array (draw, nucleus, theory)
            Which draws, and log alpha_k of each; -inf where a model does not cover a nucleus.
        """
        for part, field in self.log_alpha(nuclei.Z, nuclei.N):
            yield part, self.form.log_concentration(self, part, field, nuclei)

    def log_likelihood(self, problem: xr.Dataset) -> npt.NDArray[np.float32]:
        """Log density of every measured mass under every draw.

        Parameters
        ----------
        problem : Dataset
            See `bmm.mixing.training_data.training_problem`.

        Returns
        -------
        array (draw, nucleus), float32
            In units of log(1/MeV).
        """
        mass = problem["mass_excess"].to_numpy()[:, None]
        result: npt.NDArray[np.float32] = np.empty((self.count, len(mass)), dtype=np.float32)
        for each in self.measured_components(problem):
            nu = self.nu[each.part][:, None, None]
            joint = each.log_share + student_t.log_density(mass - each.centre, each.scale, nu)
            result[each.part] = log_sum_exp(joint)
        return result

    def measured_components(self, problem: xr.Dataset) -> Iterator[Components]:
        """Distributions of the measured masses of nuclei, with their uncertainties.

        Parameters
        ----------
        problem : Dataset
            See `bmm.mixing.training_data.training_problem`.
        """
        stated = {name: problem[f"theory_{name}"] for name in ("mass_excess", "mass_excess_sd")}
        nuclei = Nuclei.of(problem.assign(stated), self._settings)
        measurement = problem["mass_excess_uncertainty"].to_numpy()[:, None]
        if not _uncertainties_count(self._settings):
            measurement = np.zeros_like(measurement)
        for each in self.components(nuclei):
            yield replace(each, scale=np.hypot(each.scale, measurement))


def _uncertainties_count(settings: Mixing) -> bool:
    """Whether the uncertainties of measurements and the spreads that models state are noise."""
    return settings.noise.measurement or form_of(settings).corrected
