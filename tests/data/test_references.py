"""References: every shipped table and card can be cited, and its record says the same."""

import re
import tomllib

import pytest
from pydantic import ValidationError

from bmm.data import MEASURED_TABLES, THEORY_TABLES, Reference, models_folder, read_provenance
from bmm.theory.library import find_cards

ENTRY = re.compile(r"@(article|misc)\{([A-Za-z]\w*),\n((?:  [a-z]+ = \{.*\},\n)+)\}")
FIELD = re.compile(r"  ([a-z]+) = \{(.*)\},\n")


def parse(text):
    """Read one BibTeX entry as BibTeX would: kind, key, fields with balanced braces."""
    kind, key, body = ENTRY.fullmatch(text).groups()
    fields = dict(FIELD.findall(body))
    for value in fields.values():
        depth = 0
        for letter in value:
            depth += {"{": 1, "}": -1}.get(letter, 0)
            assert depth >= 0
        assert depth == 0
        assert not re.search(r"(?<!\\)[&%$#_]", value.replace(fields.get("doi", ""), ""))
    return kind, key, fields


def every_reference():
    for name in (*MEASURED_TABLES, *THEORY_TABLES):
        for reference in read_provenance(name).references:
            yield name, reference
    for name, card in find_cards().items():
        for reference in card.references:
            yield name, reference


@pytest.mark.parametrize(("name", "reference"), list(every_reference()))
def test_a_shipped_reference_is_a_valid_entry(name, reference):
    kind, _, fields = parse(reference.bibtex())
    assert reference.bibtex().isascii()
    assert fields["author"]
    assert 1980 < int(fields["year"]) < 2030
    assert fields.get("doi", "") == reference.doi
    if kind == "article":
        assert fields["journal"]
        assert re.fullmatch(r"10\.\d{4}/\S+", fields["doi"])
    else:
        assert fields["note"]


def test_keys_tell_publications_apart():
    by_key = {}
    for _, reference in every_reference():
        assert by_key.setdefault(reference.key, reference) == reference


@pytest.mark.parametrize("name", [*MEASURED_TABLES, *THEORY_TABLES])
def test_references_are_those_the_record_names(name):
    record = read_provenance(name)
    assert record.doi in {each.doi for each in record.references}
    said = f"{record.citation} {record.notes}".replace("\n", " ")
    for each in record.references:
        year = f" ({each.year})"
        assert f"{each.journal} {each.volume}, {each.page}{year}" in said
        assert each.authors[0] in said
    first = record.references[0]
    if first.title in record.citation:
        assert record.citation.startswith(first.text().partition("; doi")[0])
    else:
        assert name == "MDN"


@pytest.mark.parametrize("path", sorted(models_folder().glob("*.toml")), ids=lambda path: path.stem)
def test_every_card_has_references(path):
    card = find_cards()[path.stem]
    assert card.references
    if "table" in (given := tomllib.loads(path.read_text(encoding="utf-8"))):
        assert card.references == read_provenance(given["table"]).references
    elif card.doi:
        assert card.doi in {each.doi for each in card.references}


def test_an_entry_letter_by_letter():
    reference = Reference(
        authors=("P.-G. Möller", "T. Nikšić", "The group", "et al."),
        year=2016,
        title="A mass & model_1: FRDM",
        journal="At. Data Nucl. Data Tables",
        volume="109-110",
        page="1",
        doi="10.1016/j.adt.2015.10_002",
    )
    assert reference.bibtex().splitlines() == [
        "@article{Moller2016Mass,",
        r"  author = {M{\"o}ller, P.-G. and Nik{\v s}i{\'c}, T. and {The group} and others},",
        r"  title = {{A mass \& model\_1: FRDM}},",
        "  journal = {At. Data Nucl. Data Tables},",
        "  volume = {109--110},",
        "  pages = {1},",
        "  year = {2016},",
        "  doi = {10.1016/j.adt.2015.10_002},",
        "}",
    ]
    assert reference.text() == (
        "P.-G. Möller, T. Nikšić, The group et al., A mass & model_1: FRDM, "
        "At. Data Nucl. Data Tables 109-110, 1 (2016); doi:10.1016/j.adt.2015.10_002"
    )


def test_a_reference_that_says_nothing_is_refused():
    with pytest.raises(ValidationError, match="expected 'authors' and 'year', or a 'note'"):
        Reference(title="Masses", year=2020)
    assert Reference(note="private communication", tag="mine").text() == "private communication"
