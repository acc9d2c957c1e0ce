"""The report of a small run: its numbers, its figures, and that it loads nothing else."""

import asyncio
import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import urlparse

import numpy as np
import pandas as pd
import pytest
from bokeh.document import Document
from scipy import stats
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.simple_httpclient import HTTPStreamClosedError

from bmm.data import load_measured
from bmm.distributions import StudentTMixture
from bmm.errors import BmmError
from bmm.nuclides import nuclide_index
from bmm.prediction.predictive import predict
from bmm.report import page as page_module
from bmm.report import server as server_module
from bmm.report.density import density_curves
from bmm.report.explorer import explorer, quantities
from bmm.report.page import write_page
from bmm.report.panels import panel_facts
from bmm.report.server import explorer_server
from bmm.report.tables import region_heads, region_rows
from bmm.report.workbench import Workbench, joint_table
from bmm.workflows.folder import RunFolder
from bmm.workflows.run_forecast import RunTables

NEUTRON = 8.07131806
SECTIONS = ("calibration", "maps", "isotopes", "existence", "doubts")
HOSTILE = "<script>window.harmed = 1</script>"  # part of what `hostile` writes


@pytest.fixture(scope="module")
def draws(reported):
    return RunTables.of(reported[1])


def test_a_run_ends_with_the_lines_that_matter_and_its_report(reported):
    done, folder = reported
    *_, first, second, third, fourth, fifth, results, report = done.out.splitlines()
    assert first.strip().startswith("rms of the ")
    assert "inside the 68 % intervals" in second
    assert "CRPS" in third
    assert "largest weights" in fourth
    assert "largest residual" in fifth
    assert results == f"results: {folder}"
    assert report == f"report: {folder / 'report.html'}"
    page = (folder / "report.html").read_text()
    assert "NOT CONVERGED, do not use" in page
    assert "a few nuclei around tin, &lt;b&gt;for the tests&lt;/b&gt;" in page
    scores = json.loads((folder / "scores.json").read_text())
    assert f"{1000 * scores['rms_MeV']['mean']:.0f} keV" in page
    assert scores["provenance"]["sha256"]["FRDM1995"] in page
    body = page[page.index("<main>") :]
    assert body.index("NOT CONVERGED") < body.index("<table>")


def test_the_time_of_every_stage_is_printed_and_stored(reported):
    done, folder = reported
    stages = json.loads((folder / "scores.json").read_text())["seconds"]["stages"]
    expected = {
        "compiling the sampler", "sampling", "predictions", "scores", "figures",
        "correcting the models", "joint draws and derived quantities", "report",
    }  # fmt: skip
    assert expected <= stages.keys()
    log = (folder / "log.txt").read_text()
    for name, seconds in stages.items():
        assert f": {name}: " in log
        if seconds > 2.05:
            shown = re.search(rf"\b{re.escape(name)} +. +([0-9.]+) ", done.out)
            assert float(shown[1]) == pytest.approx(seconds, abs=0.11)
    assert "Where the time went" in done.out
    # Without a terminal there are lines instead of bars.
    assert "  sampling\n" in done.out


def test_what_is_wrong_with_the_basis_and_own_masses_are_named(contents, tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "shown_figures", lambda shown: {key: [] for key in SECTIONS})
    scores = json.loads(json.dumps(contents.scores))
    coarse = {"posterior_length_scale": 3.1, "shortest_resolved": 5.4, "resolved": False,
              "proposed_m": 44}  # fmt: skip
    scores["basis"]["Z"] |= coarse
    scores["basis"]["N"] |= {"resolved": True, "proposed_m": 30}
    scores["convergence"]["converged"] = scores["converged"] = True
    scores["data"]["extra"] = [{"file": "new.csv", "added": ["Sn-138"], "replaced": ["Sn-120"]}]
    shown = write_page([replace(contents, scores=scores)], tmp_path / "page.html").read_text()
    assert 'class="verdict warn"' in shown
    assert "Converged, but see the basis" in shown
    assert "3.1 along Z (resolved: 5.4)" in shown
    assert "[mixing.basis]\nm_Z = 44\nm_N = 30" in shown
    assert "new.csv: 1 added (Sn-138); 1 replaced (Sn-120)" in shown
    scores["basis"]["Z"]["resolved"] = True
    scores["basis_refinements"] = 1
    shown = write_page([replace(contents, scores=scores)], tmp_path / "page.html").read_text()
    assert 'class="verdict good"' in shown
    assert "mixing.basis]\nm_Z = 44" not in shown
    assert "the basis was refined once, to m_Z = 4 and m_N = 5" in shown


def test_the_page_makes_no_requests(reported):
    page = (reported[1] / "report.html").read_text()
    plain = re.sub(r"<script[^>]*>.*?</script>", "<script>", page, flags=re.DOTALL)
    assert not re.findall(r"<script[^>]+src", page[: page.index("<body>")])
    addresses = re.findall(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=[\"']([^\"']+)", plain)
    assert addresses
    assert all(urlparse(each).scheme == "data" for each in addresses)
    assert len(page) < 15e6


def test_every_figure_is_a_file_too_and_has_a_text(reported):
    folder = reported[1]
    page = (folder / "report.html").read_text()
    shown = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]+)"', page)
    files = {path.stem: path for path in (folder / "figures").glob("*.png")}
    assert len(shown) == len(files)
    assert {"coverage", "pit", "residuals", "uncertainty", "isotopes", "existence"} < set(files)
    assert {base64.b64decode(data) for data, _ in shown} == {
        path.read_bytes() for path in files.values()
    }
    assert all(len(text) > 40 for _, text in shown)
    assert all(path.with_suffix(".pdf").is_file() for path in files.values())


def test_the_chart_holds_the_predictions(reported, contents):
    table = pd.read_csv(reported[1] / "predictions.csv")
    assert contents.chart["mean"].tolist() == table["mean"].tolist()
    assert contents.models == ["FRDM1995", "DZ33"]
    row = contents.chart.set_index("label").loc["Sn-132"]
    derived = pd.read_csv(reported[1] / "derived.csv").set_index("nucleus").loc["Sn-132"]
    assert row["S_2n"] == derived["S_2n_mean"]
    assert row["residual"] == pytest.approx(row["mean"] - row["measured"])


def test_what_the_chart_shows_is_among_its_columns(contents):
    columns = explorer(contents).show.args["source"].data
    for group in quantities(contents).values():
        for name in group:
            assert len(columns[name]) == len(contents.chart)
    i = contents.chart["label"].tolist().index("Sn-132")
    assert columns["existence"][i] == 1
    assert columns["S_2n_median"][i] == pytest.approx(contents.chart["S_2n_median"][i])


def test_separation_energies_of_measured_nuclei_are_the_measured_ones(contents):
    mass = load_measured("AME2020")
    table = contents.separations.nuclei.set_index(["Z", "N"])
    value, error = (mass[name] for name in ("mass_excess", "mass_excess_uncertainty"))
    row = table.loc[50, 82]
    expected = value[50, 80] - value[50, 82] + 2 * NEUTRON
    assert row["S_2n_median"] == pytest.approx(expected, abs=1e-3)
    assert row["S_2n_sd"] == pytest.approx(np.hypot(error[50, 80], error[50, 82]), rel=0.05)
    far = table.loc[50, 86]  # Sn-136 is not measured, nor is Sn-137
    assert far["S_2n_sd"] > 0.05
    ends = [far[f"S_2n_{name}"] for name in ("lower_99.7", "lower_68", "upper_68", "upper_99.7")]
    assert ends == sorted(ends)


def test_the_explorer_and_the_report_show_the_same_numbers(contents, draws):
    found = joint_table({"tin": draws}, "Z=50", "S_2n").set_index("N")
    kept = contents.separations.nuclei.query("Z == 50").set_index("N").loc[found.index]
    assert (found["run"] == "tin").all()
    assert len(found) > 20
    assert found["median"].tolist() == kept["S_2n_median"].tolist()
    assert found["sd"].tolist() == kept["S_2n_sd"].tolist()
    mass = joint_table({"tin": draws}, "Sn-132 Sn-130", "mass_excess").set_index("nucleus")
    assert mass.loc["Sn-130", "median"] == pytest.approx(-80.132, abs=0.01)  # AME2020
    gap = joint_table({"tin": draws}, "50,80", "shell_gap_p")  # needs Te, two protons above
    assert np.isfinite(gap["median"]).all()
    assert len(gap) == 1


@pytest.mark.parametrize("nuclei", ["", "Xx-132", "Pb-208", "A=1-300"])
def test_joint_tables_of_too_many_or_no_nuclei_are_refused(draws, nuclei):
    many = {"tin": draws}
    if nuclei == "A=1-300":
        assert len(joint_table(many, "A=1-300", "S_2n")) > 100
        nuclei = "Z=1"
    with pytest.raises(BmmError):
        joint_table(many, nuclei, "S_2n")


def test_the_workbench_shows_what_it_was_asked_for(draws):
    bench = Workbench(Document(), {"tin": draws, "again": draws}, asyncio.Lock())
    bench.nuclei.value, bench.quantity.value = "Z=50", "S_1n"
    asyncio.run(bench._answer(1))
    assert not bench.source.data["run"]  # asked again since
    asyncio.run(bench._answer(3))
    expected = joint_table({"tin": draws}, "Z=50", "S_1n")
    shown = pd.DataFrame(bench.source.data)
    assert shown["run"].value_counts().to_dict() == dict.fromkeys(("tin", "again"), len(expected))
    assert shown["median"][: len(expected)].tolist() == expected["median"].tolist()
    assert bench.plot.xaxis.axis_label == "Neutron number N"
    for hostile in ("<b>", "<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>"):
        bench.nuclei.value = hostile
        asyncio.run(bench._answer(bench._asked))
        text = bench.status.text.removeprefix("<p role='status'>").removesuffix("</p>")
        assert not set("<>\"'") & set(text)


def answer(server, path, headers, **request):
    """Ask the server, in its own loop; gives the status, or 0 where it hangs up."""
    client = AsyncHTTPClient(force_instance=True)
    url = f"http://127.0.0.1:{server.port}{path}"
    asked = HTTPRequest(url, headers=headers, request_timeout=60, **request)
    try:
        return server.io_loop.run_sync(lambda: client.fetch(asked, raise_error=False)).code
    except HTTPStreamClosedError:
        return 0
    finally:
        client.close()


def test_the_explorer_opens_so_many_pages_and_no_more(reported, monkeypatch):
    monkeypatch.setattr(server_module, "_SESSIONS", 2)
    server = explorer_server([reported[1]], 0)
    try:
        asked = [answer(server, "/", {"Host": f"localhost:{server.port}"}) for _ in range(3)]
        assert asked == [200, 200, 503]
        assert (
            answer(server, "/static/js/bokeh.min.js", {"Host": f"localhost:{server.port}"}) == 200
        )
    finally:
        server.stop()
        server.io_loop.close(all_fds=True)
        asyncio.set_event_loop(None)


def test_the_explorer_is_served_to_this_machine_only(reported):
    server = explorer_server([reported[1]], 0)
    try:
        assert server.address == "127.0.0.1"
        assert {socket.getsockname()[0] for socket in server._http._sockets.values()} == {
            "127.0.0.1"
        }
        with pytest.raises(BmmError, match=str(server.port)):
            explorer_server([reported[1]], server.port)
        here = f"127.0.0.1:{server.port}"
        asks = [
            ({"Host": here}, 200),
            ({"Host": f"localhost:{server.port}"}, 200),
            ({"Host": here, "Origin": f"http://{here}"}, 200),
            # A foreign name for this address, and a foreign page.
            ({"Host": "evil.example"}, 403),
            ({"Host": f"evil.example:{server.port}"}, 403),
            ({"Host": "127.0.0.1"}, 403),
            ({"Host": here, "Origin": "http://evil.example"}, 403),
            ({"Host": here, "Origin": "null"}, 403),
            ({"Host": here, "X-Padding": "x" * 40_000}, 0),
        ]
        for path in ("/", "/autoload.js?bokeh-autoload-element=1"):
            for headers, status in asks:
                assert (path, headers, answer(server, path, headers)) == (path, headers, status)
        assert answer(server, "/", {"Host": here}, method="POST", body="x" * 200_000) in (0, 400)
    finally:
        server.stop()
        server.io_loop.close(all_fds=True)
        asyncio.set_event_loop(None)


def test_the_pages_density_is_that_of_predict(contents, reported):
    # The density, the interval and the number of a nucleus come from one distribution.
    tree = RunFolder.open(reported[1]).read_posterior()
    found = predict(tree)
    chart = contents.chart
    order = [chart["label"].tolist().index(name) for name in found.summary["nucleus"].to_numpy()]
    curves = panel_facts(contents)["curves"]
    x, total = (curves[name].reshape(-1, curves["points"])[order] for name in ("x", "total"))
    expected = np.exp(found.distribution.log_density(x))
    # x is stored in single precision, some eV of an excess of -80 MeV.
    np.testing.assert_allclose(total, expected, rtol=3e-4)
    for name in ("mean", "sd", "lower_68", "upper_68"):
        np.testing.assert_allclose(chart[name].iloc[order], found.summary[name], atol=1e-6)
    # So its standard deviation is the one beside it, but for the tails beyond the curve.
    centre, sd = (chart[name].to_numpy()[order, None] for name in ("mean", "sd"))
    second = np.trapezoid(expected * (x - centre) ** 2, x, axis=1)
    assert (np.sqrt(second) > 0.75 * sd[:, 0]).all()
    assert (np.trapezoid(expected, x, axis=1) > 0.98).all()


def test_a_spread_that_a_model_states_widens_the_pages_density(contents):
    wider = StudentTMixture([[-80.0]], [[np.hypot(0.1, 1.0)]], nu=4.0)
    curves = density_curves(wider, ["a"], np.array([-80.1]))
    expected = stats.t.pdf(curves.x[0], 4, -80, np.hypot(0.1, 1.0))
    np.testing.assert_allclose(curves.total[0], expected, rtol=1e-10)


def test_curves_reach_the_measured_mass_and_narrow_summits():
    mixture = StudentTMixture([[-80.0, -78.0]], [[0.5, 1e-4]], [[0.7, 0.3]], 4.0)
    curves = density_curves(mixture, ["a", "b"], np.array([-90.0]))
    x = curves.x[0]
    assert x[0] < -90
    assert (np.diff(x) >= 0).all()
    height = mixture.log_density(np.array([-78.0]))
    assert curves.total[0].max() == pytest.approx(np.exp(height[0]))
    np.testing.assert_allclose(sum(curves.parts.values()), curves.total, rtol=1e-12)


def test_models_without_weight_have_no_curve():
    mixture = StudentTMixture([[0.0, 1.0], [0.0, 1.0]], 0.5, [[1, 0.001], [0.5, 0.5]])
    curves = density_curves(mixture, ["a", "b"], np.full(2, np.nan))
    assert curves.rows["a"].tolist() == [0, 1]
    assert curves.rows["b"].tolist() == [-1, 0]
    assert curves.parts["b"].shape == (1, curves.x.shape[1])


def test_largest_residuals_are_in_order(contents):
    table = contents.largest_residuals()
    size = table["off_sd"].abs().to_numpy()
    assert len(table) == 15
    assert (np.diff(size) <= 0).all()
    known = contents.chart[contents.chart["measured"].notna()]
    assert size[0] == pytest.approx((known["residual"] / known["sd"]).abs().max())


def test_the_measured_nuclei_have_their_scores(contents):
    scores, nuclei = contents.scores, contents.nuclei
    assert nuclei["crps"].mean() == pytest.approx(scores["crps_MeV"], abs=1e-6)
    assert nuclei["log_density"].mean() == pytest.approx(scores["log_score"], abs=1e-6)
    for level, covered in scores["coverage"].items():
        inside = (2 * (nuclei["pit"] - 0.5).abs() <= float(level)).mean()
        assert inside == pytest.approx(covered)
    assert np.sqrt((nuclei["error"] ** 2).mean()) == pytest.approx(scores["rms_MeV"]["mean"])
    at = nuclide_index(contents.chart["Z"], contents.chart["N"])
    measured = contents.chart.set_index(at)["measured"]
    assert (nuclei["mean"] - measured[nuclei.index]).to_numpy() == pytest.approx(
        nuclei["error"], abs=2e-6
    )


class Elements(HTMLParser):
    """What a browser would make of a page: its elements, and the text between them."""

    def __init__(self):
        super().__init__()
        self.found, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, *sorted(name for name, _ in attrs)))

    def handle_data(self, data):
        self.text.append(data)


def test_names_and_citations_are_text_on_the_page(contents, tmp_path, hostile):
    def elements(shown, name):
        page = write_page([shown, shown], tmp_path / name).read_text(encoding="utf-8")
        found = Elements()
        found.feed(page)
        return found

    bare, loaded = elements(contents, "bare.html"), elements(hostile(contents), "hostile.html")
    # No text has made an element or an attribute.
    assert loaded.found == bare.found
    assert sum(HOSTILE in each for each in loaded.text) > 5


def test_bias_and_rms_stand_by_region(contents):
    scores = contents.scores
    found = {(row["model"], row["region"]): row for row in scores["regions"]}
    everywhere = found["mixture", "all"]
    assert everywhere["n"] == scores["n"]
    assert everywhere["rms_MeV"] == pytest.approx(scores["rms_MeV"]["mean"], abs=1e-9)
    assert everywhere["bias_MeV"] == pytest.approx(scores["bias_MeV"], abs=1e-9)
    assert {model for model, _ in found} == {"mixture", *contents.models}
    rows = {row["region"]: row for row in region_rows(contents)}
    shown = f"{1000 * everywhere['bias_MeV']:+.0f} / {1000 * everywhere['rms_MeV']:.0f}"
    assert rows["all"]["mixture"] == shown
    assert list(region_heads(contents)) == ["region", "n", "mixture", *contents.models]
