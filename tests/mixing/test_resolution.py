"""Whether the basis resolves the fitted length scales, and what is proposed if not."""

import json
import tomllib

import numpy as np
import pytest
import xarray as xr

from bmm.gp.basis import Axis
from bmm.mixing.resolution import basis_resolution, unresolved
from bmm.mixing.settings import Basis


def fitted(rho_Z, rho_N, m_Z=20, m_N=30):
    rng = np.random.default_rng(1)
    posterior = xr.Dataset(
        {
            f"rho_{name}": (("chain", "draw"), rho * (1 + 0.1 * rng.standard_normal((2, 500))))
            for name, rho in (("Z", rho_Z), ("N", rho_N))
        }
    )
    tree = xr.DataTree.from_dict({"posterior": posterior})
    tree.attrs = {
        "axis_Z": json.dumps([8, 120, 1.2, m_Z]),
        "axis_N": json.dumps([8, 200, 1.2, m_N]),
    }
    return tree


def test_nothing_is_said_where_the_basis_resolves_the_length_scales():
    found = basis_resolution(fitted(8.0, 9.0))
    assert unresolved(found) == []
    assert (found["Z"]["proposed_m"], found["N"]["proposed_m"]) == (20, 30)


def test_what_is_proposed_can_be_pasted_and_resolves_the_length_scales():
    found = basis_resolution(fitted(3.1, 9.0))
    sentence, *lines = unresolved(found)
    assert "3.1 along Z (resolved: 5.9)" in sentence
    assert "along N" not in sentence
    basis = Basis(**tomllib.loads("\n".join(lines))["mixing"]["basis"])
    assert basis.m_N == 30
    axis = Axis("Z", 8, 120, 1.2, basis.m_Z)
    least = float(fitted(3.1, 9.0)["posterior"]["rho_Z"].quantile(0.05))
    assert axis.shortest_resolved <= least < Axis("Z", 8, 120, 1.2, basis.m_Z - 1).shortest_resolved
    assert basis_resolution(fitted(3.1, 9.0, m_Z=basis.m_Z))["Z"]["resolved"]


@pytest.mark.parametrize("rho", [2.0, 4.0])
def test_fewer_functions_are_never_proposed(rho):
    found = basis_resolution(fitted(rho, rho))
    assert found["Z"]["proposed_m"] > 20
    assert found["N"]["proposed_m"] > 30
