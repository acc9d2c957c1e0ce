"""The whole log posterior density against one written with NumPy and scipy alone.

Nothing is assumed of the variables that are sampled: the density of the named ones, times the
volume element of the map between the two, must be the density that is sampled.
"""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pymc.pytensorf import join_nonshared_inputs
from pytensor.compile.mode import Mode
from scipy import special, stats

from bmm.gp.basis import root_spectral_density
from bmm.mixing.model import axes, build_model
from bmm.mixing.settings import Basis, Mixing, Noise, Prior, Priors
from bmm.mixing.training_data import training_problem

BASIS = Basis(m_Z=3, m_N=4, c_Z=2, c_N=2)
SIGMA_BELOW = 9.0
# For what is small and would take long to compile.
INTERPRETED = Mode(linker="py", optimizer="fast_compile")
DEFAULT = {
    "sigma": stats.lognorm(0.8, scale=4),
    "mu": stats.norm(),
    "eta": stats.gamma(10, scale=1 / 2),
    "rho_Z": stats.gamma(10),
    "rho_N": stats.gamma(10),
}
LEARNED = DEFAULT | {"nu": stats.gamma(2, scale=10), "A_power": stats.norm(0, 0.5)}
OTHER = Priors(
    sigma=Prior(distribution="LogNormal", parameters={"mu": 1, "sigma": 0.5}),
    mu=Prior(distribution="StudentT", parameters={"nu": 5, "mu": 0, "sigma": 2}),
    eta=Prior(distribution="HalfNormal", parameters={"sigma": 3}),
    rho_Z=Prior(distribution="InverseGamma", parameters={"alpha": 5, "beta": 40}),
    rho_N=Prior(distribution="Weibull", parameters={"alpha": 2, "beta": 9}),
)
OTHER_BY_SCIPY = {
    "sigma": stats.lognorm(0.5, scale=np.e),
    "mu": stats.t(5, scale=2),
    "eta": stats.halfnorm(scale=3),
    "rho_Z": stats.invgamma(5, scale=40),
    "rho_N": stats.weibull_min(2, scale=9),
}
# Noise, priors and the same in scipy's words, upper end of sigma.
CASES = {
    "default": (Noise(), Priors(), DEFAULT, None),
    "all learned": (Noise(nu="learn", A_power="learn"), Priors(), LEARNED, None),
    "one mode": (Noise(nu="learn", A_power="learn"), Priors(), LEARNED, SIGMA_BELOW),
    "other priors": (
        Noise(family="normal", A_power=1.0, measurement=False),
        OTHER,
        OTHER_BY_SCIPY,
        None,
    ),
}


def log_density(value, problem, box, noise, priors, sigma_below):
    """Log density of the named variables and the data, one nucleus at a time."""
    total = stats.norm.logpdf(value["beta"]).sum()
    total += sum(np.sum(prior.logpdf(value[name])) for name, prior in priors.items())
    if sigma_below is not None:
        total -= value["sigma"].size * priors["sigma"].logcdf(sigma_below)
    fixed = np.inf if noise.family == "normal" else noise.nu
    nu, power = value.get("nu", fixed), value.get("A_power", noise.A_power)
    for nucleus in problem["nucleus"].to_numpy():
        x = problem.sel(nucleus=nucleus)
        theory = x["theory_mass_excess"].to_numpy()
        k = np.isfinite(theory)
        phi = [
            axis.functions(x[axis.name].item())[0]
            * root_spectral_density(axis.omega, value[f"rho_{axis.name}"])
            for axis in box
        ]
        field = value["mu"] + np.sqrt(value["eta"]) * (phi[0] @ value["beta"] @ phi[1])
        variance = (0.1 * value["sigma"] * (x["A"].item() / 100) ** power) ** 2
        if noise.measurement:
            stated = np.nan_to_num(x["theory_mass_excess_sd"].to_numpy())
            variance = variance + x["mass_excess_uncertainty"].item() ** 2 + stated**2
        each = stats.t.logpdf(x["mass_excess"].item(), nu, theory[k], np.sqrt(variance[k]))
        total += special.logsumexp(special.log_softmax(field[k]) + each)
    return total


def compiled(model, names):
    """Values of the named variables; log density with gradient; Jacobian: of what is sampled."""
    named = model.replace_rvs_by_values([model[name] for name in names])
    (density, flat, *named), sampled = join_nonshared_inputs(
        model.initial_point(),
        [model.logp(), pt.concatenate([pt.flatten(each) for each in named]), *named],
        model.value_vars,
    )
    direction = pt.dvector()
    pull_back = pytensor.function(
        [sampled, direction], pytensor.grad(pt.dot(flat, direction), sampled), mode=INTERPRETED
    )
    evaluate = pytensor.function(
        [sampled], [density, pytensor.grad(density, sampled), *named], mode="NUMBA"
    )
    return evaluate, lambda u: np.stack([pull_back(u, unit) for unit in np.eye(len(u))])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_density_and_gradient_are_those_written_by_hand(world, case):
    noise, priors, by_scipy, sigma_below = case
    problem = training_problem(world.measured, world.theory)
    covers = np.isfinite(problem["theory_mass_excess"])
    assert set(covers.sum("theory").to_numpy()) == {1, 2, 3}
    settings = Mixing(noise=noise, priors=priors, basis=BASIS)
    box = axes(world.chart["Z"], world.chart["N"], settings)
    model = build_model(problem, *box, settings, sigma_below=sigma_below)
    names = [*by_scipy, "beta"]
    evaluate, jacobian = compiled(model, names)

    def by_hand(u):
        value = dict(zip(names, evaluate(u)[2:], strict=True))
        volume = np.linalg.slogdet(jacobian(u))[1]
        return log_density(value, problem, box, noise, by_scipy, sigma_below) + volume

    centre = np.concatenate([np.ravel(each) for each in model.initial_point().values()])
    rng = np.random.default_rng(8)
    for _ in range(3):
        u = centre + 0.5 * rng.normal(size=centre.size)
        value, gradient = evaluate(u)[:2]
        assert value == pytest.approx(by_hand(u), rel=1e-9)
        for _ in range(4):
            # Along random directions: a slope for every variable would take minutes.
            along = rng.normal(size=centre.size)
            slope = (by_hand(u + 1e-5 * along) - by_hand(u - 1e-5 * along)) / 2e-5
            assert gradient @ along == pytest.approx(slope, rel=1e-6, abs=1e-4)
