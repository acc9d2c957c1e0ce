"""`bmm models NAME`: one model at a glance."""


def test_one_model_is_shown_with_its_citation_and_map(bmm, tmp_path):
    result = bmm("models", "HFB24", "--figure", tmp_path / "map.png")
    assert result.code == 0
    rows = {
        line.split("│")[1].strip(): line.split("│")[2:5]
        for line in result.out.splitlines()
        if line.startswith("│")
    }
    n, _, rms = rows["all"]
    assert (int(n), int(rms)) == (2457, 563)
    assert int(rows["known to AME2012"][0]) + int(
        rows["first measured later, in AME2020"][0]
    ) == int(n)
    assert "doi = {10.1103/PhysRevC.88.024308}" in result.out
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "map.pdf").read_bytes().startswith(b"%PDF")


def test_a_card_is_shown_by_its_path_and_an_unknown_model_is_refused(bmm, tmp_path):
    card = tmp_path / "mine.toml"
    card.write_text('name = "mine"\nadapter = "table"\ntable = "DZ28"\ndescription = "[/] mine"\n')
    assert "[/] mine" in bmm("models", card).out
    refused = bmm("models", "HFB42")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert bmm("models", "--figure", tmp_path / "map.png").code == 2
