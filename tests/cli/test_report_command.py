"""``bmm report``: chains of one's choice, counts of rises, runs side by side, and no run at all."""

import re
import shutil

from bmm.prediction.existence import existence_rises
from bmm.report.tables import side_by_side


def test_the_report_draws_the_chains_that_were_asked_for(bmm, reported, tmp_path):
    run = shutil.copytree(reported[1], tmp_path / "tin")
    done = bmm("report", run, "--chains", "Pd, te")
    assert done.code == 0, done.err
    page = (run / "report.html").read_text()
    assert "Two-neutron separation energies of Pd, Te: median" in page
    assert page != (reported[1] / "report.html").read_text()
    for chains, reason in (("Pb", "no isotope of Pb"), ("Xx", "names no element")):
        refused = bmm("report", run, "--chains", chains)
        assert refused.code == 2
        assert reason in refused.err
        assert refused.err.count("\n") == 1


def test_the_report_counts_where_existence_rises(reported, contents):
    found = existence_rises(contents.separations.nuclei)
    page = (reported[1] / "report.html").read_text()
    told = f"on adding two neutrons at {found['places']} places in {found['elements']} elements"
    assert told in page


def test_runs_side_by_side(bmm, reported, contents, tmp_path):
    run = reported[1]
    done = bmm("report", run, run, "-o", tmp_path / "both.html")
    assert done.code == 0, done.err
    assert "Side by side" in (tmp_path / "both.html").read_text()
    one, other = side_by_side([contents, contents])
    assert one["crps"] == other["crps"]
    assert re.fullmatch(r"\d+ ± \d+", one["rms"])
    assert other["paired"] == "+0"  # no difference, and none in doubt


def test_what_is_no_run_is_named(bmm, tmp_path):
    for command in ("report", "explore"):
        done = bmm(command, tmp_path / "nothing")
        assert done.code == 2
        assert "nothing" in done.err
