"""The one operation of the model against the functions it is made of, and finite differences."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy.linalg import helmert

from bmm.gp.basis import Axis, ChainBasis
from bmm.mixing.density import DensityLogLikelihood, local_mixture
from bmm.mixing.lattice import lattice_field
from bmm.mixing.lattice_op import pack
from bmm.mixing.linear import LinearLogLikelihood, linear_mixture

OPERATIONS = {"density": DensityLogLikelihood, "linear": LinearLogLikelihood}
K, M_Z, M_N, n = 3, 4, 5, 30
SHAPES = ((K * M_Z * M_N,), (K,), (M_Z,), (M_N,), (K,), (K,), (), ())
NU = 6
BETA = (K, M_Z, M_N)
ROTATION = np.ascontiguousarray(helmert(K, full=True).T)


@pytest.fixture
def rng():
    return np.random.default_rng(17)


@pytest.fixture
def lattice(rng):
    cells = np.sort(rng.choice(22 * 40, size=n, replace=False))
    axes = Axis("Z", 28, 50, 1.3, M_Z), Axis("N", 30, 70, 1.2, M_N)
    return ChainBasis.of(*axes, 28 + cells // 40, 30 + cells % 40)


@pytest.fixture
def data(rng):
    theory = rng.normal(scale=2, size=(K, n))
    theory[rng.integers(0, K, 8), rng.choice(n, 8, replace=False)] = np.inf
    variance = rng.choice([0.0, 0.5], size=(K, n))
    return rng.normal(scale=2, size=n), theory, variance, rng.normal(scale=0.3, size=n)


def values(rng, nu):
    fields = [rng.normal(size=shape) for shape in SHAPES[:5]]
    return [*fields, rng.gamma(10, size=K), np.array(nu), np.array(rng.normal())]


@pytest.fixture(scope="module", params=["density", "linear"])
def form(request):
    return request.param


@pytest.fixture(scope="module")
def compiled(form):
    """The operation, and its gradient for cotangents of value, excess and beta."""
    symbols = [pt.tensor(dtype="float64", shape=(None,) * len(shape)) for shape in SHAPES]
    packed, g_value, g_excess, g_beta = pt.dvector(), pt.dscalar(), pt.dvector(), pt.dtensor3()
    value, excess, beta, *_ = OPERATIONS[form]()(*symbols, ROTATION, packed)
    whole = g_value * value + (g_excess * excess).sum() + (g_beta * beta).sum()
    outputs = [value, excess, beta, *pytensor.grad(whole, symbols)]
    return pytensor.function([*symbols, packed, g_value, g_excess, g_beta], outputs, mode="NUMBA")


@pytest.mark.parametrize(("nu", "learn_nu"), [(4.0, True), (4.0, False), (np.inf, False)])
def test_value_is_the_density_at_the_fields_of_the_lattice(
    rng, lattice, data, form, compiled, nu, learn_nu
):
    parameters = values(rng, nu)
    xi, amplitude, root_Z, root_N, level, sigma, _, power = parameters
    about_mu, _, beta = lattice_field(
        xi.reshape(BETA),
        amplitude,
        root_Z,
        root_N,
        ROTATION,
        lattice.phi_Z,
        lattice.phi_N,
        lattice.first,
        lattice.mean,
    )
    kernel = {"density": local_mixture, "linear": linear_mixture}[form]
    excess = about_mu.mean(axis=0)
    field = (about_mu - excess + level).T
    density = kernel(field, sigma, nu, float(power), *data)[0]
    zeros = (0.0, np.zeros(K), np.zeros(BETA))
    found = compiled(*parameters, pack(lattice, K, data, learn_nu=learn_nu), *zeros)[:3]
    for one, other in zip(found, (density.sum(), excess, beta), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("learn_nu", [True, False])
def test_gradient_is_the_finite_difference_of_every_parameter(
    rng, lattice, data, compiled, learn_nu
):
    parameters = values(rng, 4.0)
    packed = pack(lattice, K, data, learn_nu=learn_nu)
    g = (rng.normal(), rng.normal(size=K), rng.normal(size=BETA))
    gradient = compiled(*parameters, packed, *g)[3:]

    def whole(moved):
        value, excess, beta = compiled(*moved, packed, *g)[:3]
        return g[0] * value + g[1] @ excess + (g[2] * beta).sum()

    h = 1e-5
    for position, found in enumerate(gradient):
        if position == NU and not learn_nu:
            continue
        for index in np.ndindex(SHAPES[position]):
            ends = []
            for step in (h, -h):
                moved = [each.copy() for each in parameters]
                moved[position][index] += step
                ends.append(whole(moved))
            slope = (ends[0] - ends[1]) / (2 * h)
            assert np.asarray(found)[index] == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_operation_evaluates_in_python_too(rng, lattice, data, form, compiled):
    parameters = values(rng, 4.0)
    packed = pack(lattice, K, data, learn_nu=True)
    node = OPERATIONS[form]()(*(pt.constant(each) for each in parameters), ROTATION, packed)[
        0
    ].owner
    storage = [[None] for _ in node.outputs]
    node.op.perform(node, [*parameters, ROTATION, packed], storage)
    zeros = (0.0, np.zeros(K), np.zeros(BETA))
    for (stored,), value in zip(storage, compiled(*parameters, packed, *zeros)[:3], strict=False):
        np.testing.assert_allclose(stored, value, rtol=1e-12)
