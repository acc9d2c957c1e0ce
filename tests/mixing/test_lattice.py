import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from bmm.errors import DomainError
from bmm.mixing.basis import Axis
from bmm.mixing.lattice import Lattice, LatticeField, lattice_field, lattice_field_pullback

K, M_Z, M_N = 3, 4, 5
AXIS_Z, AXIS_N = Axis("Z", 28, 50, 1.3, M_Z), Axis("N", 30, 70, 1.2, M_N)
SHAPES = ((K, M_Z, M_N), (K,), (M_Z,), (M_N,), (K,))


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def nuclei(rng):
    """Thirty different nuclei in no order, with chains of different lengths and gaps."""
    cells = rng.choice(22 * 40, size=30, replace=False)
    return 28 + cells // 40, 30 + cells % 40


@pytest.fixture
def lattice(nuclei):
    made = Lattice.of(AXIS_Z, AXIS_N, *nuclei)
    return made.phi_Z, made.phi_N, made.order, made.first


def values(rng):
    return [rng.normal(size=shape) for shape in SHAPES]


def test_field_is_the_dense_basis_times_its_coefficients(rng, nuclei, lattice):
    beta, amplitude, root_Z, root_N, mu = parameters = values(rng)
    Z, N = nuclei
    dense = np.einsum("ni,nj->nij", AXIS_Z.functions(Z), AXIS_N.functions(N)).reshape(30, -1)
    coefficients = np.einsum("kij,k,i,j->ijk", beta, amplitude, root_Z, root_N).reshape(-1, K)
    expected = dense @ coefficients + mu
    np.testing.assert_allclose(lattice_field(*parameters, *lattice), expected, rtol=1e-12)


def test_order_of_the_nuclei_is_the_callers(rng, nuclei, lattice):
    parameters, shuffle = values(rng), rng.permutation(30)
    other = Lattice.of(AXIS_Z, AXIS_N, *(x[shuffle] for x in nuclei))
    shuffled = lattice_field(*parameters, other.phi_Z, other.phi_N, other.order, other.first)
    assert np.array_equal(shuffled, lattice_field(*parameters, *lattice)[shuffle])


def test_pullback_is_the_adjoint_of_the_jacobian(rng, lattice):
    # Linear in each parameter: its Jacobian acts on v as the field does with v in its place.
    parameters, direction, g = values(rng), values(rng), rng.normal(size=(30, K))
    pulled = lattice_field_pullback(g, *parameters[:-1], *lattice)
    for position in range(5):
        moved, nothing = list(parameters), list(parameters)
        moved[position] = direction[position]
        nothing[position] = np.zeros(SHAPES[position])
        pushed = lattice_field(*moved, *lattice) - lattice_field(*nothing, *lattice)
        forward, backward = (g * pushed).sum(), (pulled[position] * direction[position]).sum()
        assert backward == pytest.approx(forward, rel=1e-11)


def test_pullback_is_the_finite_difference_of_every_parameter(rng, lattice):
    parameters, g = values(rng), rng.normal(size=(30, K))
    for position, pulled in enumerate(lattice_field_pullback(g, *parameters[:-1], *lattice)):
        for index in np.ndindex(SHAPES[position]):
            ends = []
            for step in (0.5, -0.5):
                moved = [x.copy() for x in parameters]
                moved[position][index] += step
                ends.append((g * lattice_field(*moved, *lattice)).sum())
            assert pulled[index] == pytest.approx(ends[0] - ends[1], rel=1e-9, abs=1e-11)


def test_compiled_operation_and_its_gradient_are_the_python_functions(rng, lattice):
    symbols = [pt.tensor(dtype="float64", shape=(None,) * len(shape)) for shape in SHAPES]
    g = pt.dmatrix()
    field = LatticeField()(*symbols, *lattice)
    gradient = pytensor.grad((g * field).sum(), symbols)
    compiled = pytensor.function([*symbols, g], [field, *gradient], mode="NUMBA")
    parameters, cotangent = values(rng), rng.normal(size=(30, K))
    results = compiled(*parameters, cotangent)
    np.testing.assert_allclose(results[0], lattice_field(*parameters, *lattice), rtol=1e-12)
    expected = lattice_field_pullback(cotangent, *parameters[:-1], *lattice)
    for result, pulled in zip(results[1:], expected, strict=True):
        np.testing.assert_allclose(result, pulled, rtol=1e-10, atol=1e-12)


def test_operation_evaluates_in_python_too(rng, lattice):
    parameters = values(rng)
    field = LatticeField()(*(pt.constant(x) for x in parameters), *lattice)
    assert field.owner.op.infer_shape(field.owner, [x.shape for x in field.owner.inputs])
    storage = [[None]]
    field.owner.op.perform(field.owner, [*parameters, *lattice], storage)
    assert np.array_equal(storage[0][0], lattice_field(*parameters, *lattice))


def test_a_nucleus_outside_the_chart_is_refused():
    with pytest.raises(DomainError, match="N=71 is outside"):
        Lattice.of(AXIS_Z, AXIS_N, np.array([30, 30]), np.array([40, 71]))
