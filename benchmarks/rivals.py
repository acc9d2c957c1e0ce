"""The same mixture as a PyMC user would write it, without bmm.

Priors, noise, nuclei, basis functions and box are those of the study; bmm's model is not used.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt
from study import Study

JITTER = 1e-6
"""Added to the diagonal of the exact kernel, as `pm.gp.Latent` does."""


def hsgp_model(study: Study) -> pm.Model:
    """Write the fields with `pm.gp.HSGP`: one dense basis that the models share."""
    axes = (study.axis_Z, study.axis_N)
    with pm.Model() as model:
        sigma, mu, eta, rho = _priors(study)
        kernel = pm.gp.cov.ExpQuad(2, ls=pt.stack(rho))
        gp = pm.gp.HSGP(
            m=[axis.m for axis in axes], L=[axis.half_width for axis in axes], cov_func=kernel
        )
        # The first points seen fix the centre of the box: that of the chart.
        gp.prior_linearized(np.array([[axis.low for axis in axes], [axis.high for axis in axes]]))
        phi, root = gp.prior_linearized(_nuclei(study))
        beta = pm.Normal("beta", 0, 1, shape=(axes[0].m * axes[1].m, len(study.problem["theory"])))
        # Evaluated here, so that no gradient computes a sine.
        field = mu + pt.sqrt(eta) * pt.dot(phi.eval(), root[:, None] * beta)
        _observe(study, field, sigma)
    return model


def hsgp_order(beta: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Bring coefficients (model, Z, N) into the order (function, model) of `pm.gp.HSGP`."""
    return beta.transpose(2, 1, 0).reshape(-1, len(beta))


def exact_model(study: Study) -> pm.Model:
    """Write the fields as exact Gaussian processes at the nuclei, whitened by Cholesky factors."""
    X = _nuclei(study)
    with pm.Model() as model:
        sigma, mu, eta, rho = _priors(study)
        kernel = pm.gp.cov.ExpQuad(2, ls=pt.stack(rho))
        root = pt.linalg.cholesky(kernel(X) + JITTER * pt.eye(len(X)))
        white = pm.Normal("beta", 0, 1, shape=(len(X), len(study.problem["theory"])))
        _observe(study, mu + pt.sqrt(eta) * pt.dot(root, white), sigma)
    return model


def whitened(
    study: Study, field: npt.NDArray[np.float64], point: dict[str, npt.NDArray[np.float64]]
) -> npt.NDArray[np.float64]:
    """White noise (nucleus, theory) that gives the exact model this field at these values."""
    X = _nuclei(study) / [point["rho_Z"], point["rho_N"]]
    distance = ((X[:, None] - X) ** 2).sum(axis=-1)
    root = np.linalg.cholesky(np.exp(-0.5 * distance) + JITTER * np.eye(len(X)))
    return np.linalg.solve(root, (field - point["mu"]) / np.sqrt(point["eta"]))


def _nuclei(study: Study) -> npt.NDArray[np.float64]:
    return np.column_stack([study.problem["Z"], study.problem["N"]]).astype(float)


def _priors(study: Study):
    priors, K = study.settings.priors, len(study.problem["theory"])

    def variable(name, shape=()):
        prior = getattr(priors, name)
        return getattr(pm, prior.distribution)(name, **prior.parameters, shape=shape)

    rho = variable("rho_Z"), variable("rho_N")
    return variable("sigma", K), variable("mu", K), variable("eta", K), rho


def _observe(study: Study, field, sigma) -> None:
    problem, noise = study.problem, study.settings.noise
    theory = problem["theory_mass_excess"].to_numpy()
    assert np.isfinite(theory).all(), "the rivals expect every model to cover every nucleus"
    assert (noise.family, noise.A_power, noise.measurement) == ("student_t", 0, True)
    variance = problem["mass_excess_uncertainty"].to_numpy()[:, None] ** 2
    variance = variance + np.nan_to_num(problem["theory_mass_excess_sd"].to_numpy()) ** 2

    def log_density(mass, field, sigma):
        # sigma is in keV per nucleon at A = 100, masses in MeV.
        scale = pt.sqrt((0.1 * sigma) ** 2 + variance)
        deviation = pm.StudentT.dist(nu=noise.nu, mu=theory, sigma=scale)
        each = pt.special.log_softmax(field, axis=1) + pm.logp(deviation, mass[:, None])
        return pt.logsumexp(each, axis=1)

    pm.CustomDist(
        "mass_excess",
        field,
        sigma,
        logp=log_density,
        signature="(n,k),(k)->(n)",
        observed=problem["mass_excess"].to_numpy(),
    )
