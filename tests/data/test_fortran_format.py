"""Fortran formats, by the columns they make."""

import pytest

from bmm.data.fortran_format import column_spans
from bmm.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("(i4)", [(0, 4)]),
        ("2i4", [(0, 4), (4, 8)]),
        ("(2I4, 1X, A2, 3F10.3)", [(0, 4), (4, 8), (9, 11), (11, 21), (21, 31), (31, 41)]),
        # TALYS: structure/masses
        ("(4x,i4,2f12.6,2f8.4,20x,f4.1,i2)",
         [(4, 8), (8, 20), (20, 32), (32, 40), (40, 48), (68, 72), (72, 74)]),
        # Groups, scale factors and positions
        ("(i3,2(1x,f5.1),a1)", [(0, 3), (4, 9), (10, 15), (15, 16)]),
        ("(t11,i3,1p,2e12.4e3)", [(10, 13), (13, 25), (25, 37)]),
        ("(1p5d10.2)", [(10 * k, 10 * k + 10) for k in range(5)]),
    ],
)  # fmt: skip
def test_descriptors_become_columns(text, spans):
    assert column_spans(text) == spans


@pytest.mark.parametrize(
    "text",
    ["", "(", "()", "(q4)", "(f10.3", "2i4/f8.3", "('Z',i4)", "i", "(3x)", "9(9(9(9(9(9i9)))))"],
)
def test_what_is_no_format_of_one_line_is_refused(text):
    with pytest.raises(ConfigError, match="is no Fortran format of one line"):
        column_spans(text)
