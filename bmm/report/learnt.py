"""What a forecast rests on, and what it was learnt from, as the rows of the report's tables."""

from __future__ import annotations

from typing import Any

from bmm.report.contents import Contents

__all__ = ["FIELD_HEADS", "field_rows", "source_rows"]

FIELD_HEADS = {
    "model": "residual field of",
    "n": "nuclei",
    "factor": "spread factor",
    "smooth": "smooth: MeV; rho_Z, rho_N (nucleons)",
    "broad": "broad: MeV; rho_Z, rho_N (nucleons)",
    "nugget": "nugget (keV)",
    "power": "power of A",
}
"""Columns of `field_rows`."""


def source_rows(contents: Contents) -> list[dict[str, str]]:
    """Quantity, value and source of what enters the forecast; none of an earlier version's run."""
    learnt = contents.scores.get("learnt")
    if learnt is None:
        return []
    errors, fixed = learnt["measurement_errors"], learnt["fixed"]
    rows = [_errors(errors)]
    if learnt["residual_fields"]["values"]:
        rows.append(
            {
                "quantity": "residual fields and spread factors",
                "value": "see the table below",
                "source": learnt["residual_fields"]["learnt_from"],
            }
        )
    rows.append(
        {
            "quantity": "weights and their hyperparameters",
            "value": "sampled; see the table of posteriors",
            "source": f"the fitted masses, by their likelihood to the power {fixed['temper']:.3g}",
        }
    )
    values = {
        "degrees of freedom": f"{fixed['nu']}"
        if isinstance(fixed["nu"], str)
        else f"{fixed['nu']:g}",
        "length of trends": f"{fixed['trend_length']:g} nucleons",
    }
    if "alpha_0" in fixed:
        values["alpha_0 falls with the power"] = f"{fixed['alpha_0']['steepness']:g} of the scale"
    rows.append(
        {
            "quantity": "assumed",
            "value": "; ".join(f"{name} {value}" for name, value in values.items()),
            "source": "the configuration and the method; not learnt from history, nor by this run",
        }
    )
    return rows


def _errors(errors: dict[str, Any]) -> dict[str, str]:
    quantity = "errors of the measured masses"
    if errors["treatment"] == "stated":
        value = f"stated uncertainties times {errors['uncertainty_factor']:g}"
        return {"quantity": quantity, "value": value, "source": f"not learnt: {errors['why']}"}
    values = errors["values"]
    kinds = {name: each for name, each in values["kinds"].items() if each["revised"]}
    shifts = "; ".join(
        f"{name} {each['delta']:+.2f}, {each['sigma']:.2f}" for name, each in kinds.items()
    )
    revised = sum(each["revised"] for each in kinds.values())
    return {
        "quantity": quantity,
        "value": f"nu {values['nu']:.1f}, tau {values['tau']:.2f}, rho {values['rho']:.1f} "
        f"nucleons; delta, sigma: {shifts}",
        "source": f"{revised} links between masses that were remeasured, "
        f"{errors['evaluations'][0]} to {errors['evaluations'][-1]}",
    }


def field_rows(contents: Contents) -> list[dict[str, str]]:
    """Hyperparameters of the residual fields, one row for each model and for the average."""
    found = contents.scores.get("learnt", {"residual_fields": {"values": {}}})
    rows = []
    for name, facts in found["residual_fields"]["values"].items():
        if "amplitude" not in facts:  # too few nuclei for a field
            continue
        scales = {
            term: f"{facts['amplitude'][term]:.2f}; {facts['rho_Z'][term]:.1f}, "
            f"{facts['rho_N'][term]:.1f}"
            for term in ("smooth", "broad")
        }
        rows.append(
            {
                "model": name,
                "n": str(facts["n_training"]),
                "factor": f"{facts['factor']:.2f}",
                **scales,
                "nugget": f"{1000 * facts['nugget']:.0f}",
                "power": f"{facts['power']:.2f}",
            }
        )
    return rows
