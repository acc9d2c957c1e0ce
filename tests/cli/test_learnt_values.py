"""What a run says of its forecast's sources: in ``scores.json``, and in the report."""

import json
from dataclasses import replace

import pytest
import xarray as xr

from bmm.measurement.link_errors import learn_link_errors
from bmm.mixing.corrected_fit import average_of
from bmm.mixing.fitted import fitted_masses
from bmm.report.learnt import field_rows, source_rows
from bmm.workflows.folder import RunFolder
from bmm.workflows.learnt_values import learnt_values


@pytest.fixture(scope="module")
def stored(reported):
    return json.loads((reported[1] / "scores.json").read_text())["learnt"]


def test_a_default_run_says_that_no_measurement_errors_are_learnt_and_why(stored, reported):
    errors = stored["measurement_errors"]
    assert errors["treatment"] == "stated"
    assert errors["uncertainty_factor"] == 1
    assert errors["values"] is None
    assert errors["evaluations"] == []
    assert "AME1995 to AME2020" in errors["why"]
    page = (reported[1] / "report.html").read_text()
    assert f"<td>stated uncertainties times 1</td><td>not learnt: {errors['why']}</td>" in page


def test_the_values_are_those_that_the_forecast_uses(stored, reported):
    tree = RunFolder.open(reported[1]).read_posterior()
    fields = stored["residual_fields"]["values"]
    assert set(fields) == {"FRDM1995", "DZ33", "average"}
    used = average_of(tree, fitted_masses(tree))
    assert fields["average"]["factor"] == used.factor
    assert fields["average"]["nugget"] == used.field.hyperparameters.nugget
    fixed = stored["fixed"]
    assert fixed["temper"] == pytest.approx(1 / 3)
    assert fixed["nu"] == 8
    assert fixed["alpha_0"] == {"steepness": 6, "reference_scale": 0.1}
    assert fixed["trend_length"] == 12
    assert set(fixed["priors"]) == {"log_alpha_0", "correlation", "eta", "rho_Z", "rho_N"}


def test_the_report_shows_them(stored, contents, reported):
    rows = {row["model"]: row for row in field_rows(contents)}
    assert list(rows) == ["FRDM1995", "DZ33", "average"]
    facts = stored["residual_fields"]["values"]["DZ33"]
    assert float(rows["DZ33"]["factor"]) == pytest.approx(facts["factor"], abs=0.0051)
    assert float(rows["DZ33"]["nugget"]) == pytest.approx(1000 * facts["nugget"], abs=0.51)
    amplitude, lengths = rows["DZ33"]["broad"].split("; ")
    assert float(amplitude) == pytest.approx(facts["amplitude"]["broad"], abs=0.0051)
    assert [float(each) for each in lengths.split(", ")] == pytest.approx(
        [facts["rho_Z"]["broad"], facts["rho_N"]["broad"]], abs=0.051
    )
    page = (reported[1] / "report.html").read_text()
    assert rows["average"]["smooth"] in page
    earlier = {name: each for name, each in contents.scores.items() if name != "learnt"}
    without = replace(contents, scores=earlier)  # as an earlier version wrote it
    assert source_rows(without) == field_rows(without) == []


def test_learnt_errors_are_named_with_their_evaluations(contents, reported):
    folder = RunFolder.open(reported[1])
    config, tree = folder.read_config(), folder.read_posterior()
    asked = config.model_copy(
        update={"theory": config.theory.model_copy(update={"measurement_errors": "learnt"})}
    )
    assert "too few masses" in learnt_values(asked, tree)["measurement_errors"]["why"]
    law = learn_link_errors("AME2020")
    tree["measurement_errors"] = xr.DataTree(xr.Dataset())
    tree.attrs["measurement_errors"] = json.dumps(law.facts | {"iterations": 3, "at_rest": True})
    found = learnt_values(asked, tree)
    errors = found["measurement_errors"]
    assert errors["treatment"] == "learnt"
    assert errors["uncertainty_factor"] is None
    assert errors["evaluations"][0] == "AME1983"
    assert errors["evaluations"][-1] == "AME2020"
    assert "AME1993" not in errors["evaluations"]
    assert errors["values"]["nu"] == law.nu
    row = source_rows(replace(contents, scores=contents.scores | {"learnt": found}))[0]
    assert f"nu {law.nu:.1f}" in row["value"]
    assert row["source"].startswith(f"{law.revised.sum()} links")
