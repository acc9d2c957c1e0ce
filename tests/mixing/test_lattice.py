import numpy as np
import pytest
from scipy.linalg import helmert

from bmm.errors import DataError, DomainError
from bmm.gp.basis import Axis, ChainBasis
from bmm.mixing.lattice import lattice_field, lattice_field_pullback

K, M_Z, M_N = 3, 4, 5
AXIS_Z, AXIS_N = Axis("Z", 28, 50, 1.3, M_Z), Axis("N", 30, 70, 1.2, M_N)
n = 30
SHAPES = ((K, M_Z, M_N), (K,), (M_Z,), (M_N,))
ROTATION = np.ascontiguousarray(helmert(K, full=True).T)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def nuclei(rng):
    """Thirty different nuclei, with chains of different lengths and gaps."""
    cells = np.sort(rng.choice(22 * 40, size=n, replace=False))
    return 28 + cells // 40, 30 + cells % 40


@pytest.fixture
def lattice(nuclei):
    made = ChainBasis.of(AXIS_Z, AXIS_N, *nuclei)
    return ROTATION, made.phi_Z, made.phi_N, made.first, made.mean


def values(rng):
    return [rng.normal(size=shape) for shape in SHAPES]


def test_field_is_the_dense_basis_times_its_coefficients(rng, nuclei, lattice):
    xi, amplitude, root_Z, root_N = parameters = values(rng)
    beta = np.einsum("kl,lij->kij", ROTATION, xi)
    Z, N = nuclei
    dense = np.einsum("ni,nj->nij", AXIS_Z.functions(Z), AXIS_N.functions(N)).reshape(n, -1)
    coefficients = np.einsum("kij,k,i,j->ijk", beta, amplitude, root_Z, root_N).reshape(-1, K)
    field, excess, coefficients_of_model = lattice_field(*parameters, *lattice)
    np.testing.assert_allclose(coefficients_of_model, beta, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(field, dense @ coefficients, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(excess, field.mean(axis=0), rtol=1e-11, atol=1e-13)


def weighed(parameters, lattice, g, g_excess):
    field, excess, _ = lattice_field(*parameters, *lattice)
    return (g * field).sum() + g_excess @ excess


def test_pullback_is_the_adjoint_of_the_jacobian(rng, lattice):
    # Linear in each parameter: its Jacobian acts on v as the field does with v in its place.
    parameters, direction = values(rng), values(rng)
    beta = lattice_field(*parameters, *lattice)[2]
    cotangents = rng.normal(size=(n, K)), rng.normal(size=K)
    pulled = lattice_field_pullback(*cotangents, beta, *parameters[1:], *lattice)
    for position in range(len(SHAPES)):
        moved = list(parameters)
        moved[position] = direction[position]
        forward = weighed(moved, lattice, *cotangents)
        backward = (pulled[position] * direction[position]).sum()
        assert backward == pytest.approx(forward, rel=1e-11)


def test_pullback_is_the_finite_difference_of_every_parameter(rng, lattice):
    parameters = values(rng)
    cotangents = rng.normal(size=(n, K)), rng.normal(size=K)
    beta = lattice_field(*parameters, *lattice)[2]
    pullback = lattice_field_pullback(*cotangents, beta, *parameters[1:], *lattice)
    for position, pulled in enumerate(pullback):
        for index in np.ndindex(SHAPES[position]):
            ends = []
            for step in (0.5, -0.5):
                moved = [x.copy() for x in parameters]
                moved[position][index] += step
                ends.append(weighed(moved, lattice, *cotangents))
            assert pulled[index] == pytest.approx(ends[0] - ends[1], rel=1e-9, abs=1e-11)


def test_nuclei_in_disorder_are_refused(nuclei):
    with pytest.raises(DataError, match="must be ordered by Z"):
        ChainBasis.of(AXIS_Z, AXIS_N, *(x[::-1] for x in nuclei))


def test_a_nucleus_outside_the_chart_is_refused():
    with pytest.raises(DomainError, match="N=71 is outside"):
        ChainBasis.of(AXIS_Z, AXIS_N, np.array([30, 30]), np.array([40, 71]))
