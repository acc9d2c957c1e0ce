"""Settings are strict, and one sentence says what is wrong with them."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, PositiveInt, ValidationError, field_validator, model_validator

from bmm.configuration import Configuration, checked, read_toml
from bmm.errors import ConfigError, DataError, quoted


class Left(Configuration):
    side: Literal["left"]
    reach: PositiveInt = 3


class Right(Configuration):
    side: Literal["right"]
    pair: tuple[int, int] = (1, 2)


class Whole(Configuration):
    name: str
    limit: float = 1.0
    nu: float | Literal["learn"] = 4.0
    parts: list[Annotated[Left | Right, Field(discriminator="side")]] = Field(
        default=[], max_length=2
    )

    @model_validator(mode="before")
    @classmethod
    def _older_key(cls, data):
        """Rewrite a key, as some sections do."""
        return {"name": data["called"]} if "called" in data else data

    @field_validator("name")
    @classmethod
    def _not_empty(cls, name):
        if not name:
            raise ValueError("expected\nletters")
        return name


def refusal(data, where="x.toml"):
    with pytest.raises(ConfigError) as caught:
        checked(Whole, data, where)
    return str(caught.value)


def test_what_is_right_is_taken():
    made = checked(Whole, {"name": "a", "parts": [{"side": "right", "pair": [3, 4]}]})
    assert made.parts == [Right(side="right", pair=(3, 4))]
    assert checked(Whole, {"called": "b"}).name == "b"


def test_settings_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        Left(side="left").reach = 4


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "key 'name' is missing"),
        (
            {"nmae": 1},
            "unknown key 'nmae' (did you mean 'name'?): expected one of name, limit, nu,",
        ),
        ({"name": "a", "z": 1}, "unknown key 'z': expected one of name, limit, nu, parts"),
        ({"name": 1}, "key 'name': expected a valid string, not 1"),
        ({"name": ""}, "key 'name': expected letters"),
        ({"name": "a", "limit": float("inf")}, "key 'limit': expected a finite number, not inf"),
        ({"name": "a", "nu": "lern"}, "key 'nu': expected a valid number, "),
        ({"name": "a", "parts": [{}]}, "key 'parts.0.side' is missing"),
        ({"name": "a", "parts": [{"side": "up"}]}, "key 'parts.0': expected side = 'left', 'righ"),
        (
            {"name": "a", "parts": [{"side": "left", "rech": 1}]},
            "unknown key 'parts.0.rech' (did you mean 'reach'?): expected one of side, reach",
        ),
        (
            {"name": "a", "parts": [{"side": "left", "reach": 0}]},
            "key 'parts.0.reach': expected a value greater than 0, not 0",
        ),
        (
            {"name": "a", "parts": [{"side": "right", "pair": [1]}]},
            "key 'parts.0.pair' has too few values",
        ),
        (
            {"name": "a", "parts": [{"side": "left"}] * 3},
            "key 'parts': expected at most 2 values, not 3",
        ),
    ],
)
def test_a_wrong_key_is_named_as_it_stands_in_the_file(data, message):
    assert refusal(data).startswith(f"x.toml: {message}")


def test_another_error_may_be_raised_and_the_file_may_be_left_out():
    with pytest.raises(DataError, match=r"^key 'name' is missing"):
        checked(Whole, {}, error=DataError)


LONG = {"text": "x" * 100_000, "digits": 10**5000, "list": [0] * 10_000, "lines": "\n" * 999}


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("where", ["x.toml", Path("deep/" * 100) / "x.toml"])
def test_long_input_is_cut(name, where):
    text = refusal({"name": "a", "limit": LONG[name]}, where)
    assert "key 'limit': expected a" in text
    assert len(text) <= 300
    if where == "x.toml":
        assert len(text.partition(", not ")[2]) <= 80


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
keys = st.sampled_from(["name", "limit", "nu", "parts", "side"]) | st.text()


@given(st.dictionaries(keys, values, max_size=5))
def test_anything_is_taken_or_refused_in_one_short_line(data):
    said = "x.toml: "
    try:
        assert isinstance(checked(Whole, data, "x.toml"), Whole)
    except ConfigError as error:
        said = str(error)
    assert said.startswith("x.toml: ")
    assert "\n" not in said
    assert len(said) <= 300


@given(st.text() | st.integers() | st.lists(st.text()))
def test_what_is_quoted_is_short_and_on_one_line(value):
    text = quoted(value)
    assert len(text) <= 80
    assert "\n" not in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a = ", "expected a TOML file: "),
        (b"\xff\xfe", "expected a TOML file: "),
        (b"a = " + b"1" * 5000, "expected a TOML file: "),
        (b"a = " + b"[" * 5000, "expected a TOML file: "),
    ],
)
def test_files_that_are_not_toml_are_refused(tmp_path, content, message):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_toml(path, "a card")
    assert f"x.toml: {message}" in str(caught.value)
    assert len(str(caught.value)) <= 300
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes("\ufeffa = 'ü'".encode())
    assert read_toml(path, "a card") == {"a": "ü"}


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"x\.toml: expected a record, but No such file"):
        read_toml(tmp_path / "x.toml", "a record", DataError)
