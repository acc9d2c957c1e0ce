"""Publications to cite, as text and as BibTeX."""

from __future__ import annotations

import re
import unicodedata
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["Reference"]

_INITIALS = re.compile(r"(?P<initials>(?:[A-Z][a-z]?\.[ -]?)+)\s*(?P<surname>.+)")
_ET_AL = "et al."
_ACCENTS = {
    "\N{COMBINING GRAVE ACCENT}": "`",
    "\N{COMBINING ACUTE ACCENT}": "'",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
    "\N{COMBINING TILDE}": "~",
    "\N{COMBINING DIAERESIS}": '"',
    "\N{COMBINING RING ABOVE}": "r ",
    "\N{COMBINING CARON}": "v ",
    "\N{COMBINING CEDILLA}": "c ",
}
_SPECIAL = re.compile(r"([&%$#_])")
_NO_WORDS = {"a", "an", "the", "first"}


class Reference(BaseModel):
    """One publication.

    Parameters
    ----------
    authors : tuple of str
        "P. Möller" and so on, in the order of the paper; last "et al." if there are more.
    year : int, optional
        Both may be missing if there is a note.
    title : str, optional
    journal, volume, page : str, optional
        As they are abbreviated; without a journal, `note` says where it is to be found.
    doi : str, optional
    note : str, optional
        What else there is to say, such as how it was published.
    tag : str, optional
        Key of the BibTeX entry, if it is not to be made from author, year and title.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    authors: tuple[str, ...] = ()
    year: int | None = None
    title: str = ""
    journal: str = ""
    volume: str = ""
    page: str = ""
    doi: str = ""
    note: str = ""
    tag: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.authors and self.year is not None) and not self.note:
            raise ValueError("expected 'authors' and 'year', or a 'note'")
        return self

    @property
    def key(self) -> str:
        """Key of the BibTeX entry: first author, year and first word of the title."""
        if self.tag:
            return self.tag
        surname = _split(self.authors[0])[1] if self.authors else ""
        words = re.findall(r"\w+", _plain(self.title or self.journal or self.note))
        word = next((each for each in words if each.casefold() not in _NO_WORDS), "")
        name = "".join(re.findall(r"[A-Za-z]+", _plain(surname)))
        return f"{name}{self.year or ''}{word.capitalize()}"

    def text(self) -> str:
        """Write it on one line, as a reference list has it."""
        where = " ".join(part for part in (self.journal, self.volume) if part)
        parts = [part for part in (*self.authors, self.title, where, self.page) if part]
        if self.year is not None and parts:
            parts[-1] += f" ({self.year})"
        doi = f"doi:{self.doi}" if self.doi else ""
        line = ", ".join(parts).replace(f", {_ET_AL}", f" {_ET_AL}")
        return "; ".join(part for part in (line, self.note, doi) if part)

    def bibtex(self) -> str:
        """Write a BibTeX entry, in ASCII; capitals of the title are kept."""
        names = ["others" if each == _ET_AL else _bibtex_name(each) for each in self.authors]
        fields = {
            "author": " and ".join(names),
            "title": f"{{{_latex(self.title)}}}" if self.title else "",
            "journal": _latex(self.journal),
            "volume": _latex(self.volume).replace("-", "--"),
            "pages": _latex(self.page),
            "year": str(self.year or ""),
            "doi": self.doi,
            "note": _latex(self.note),
        }
        kind = "article" if self.journal else "misc"
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@{kind}{{{self.key},", *lines, "}"])


def _split(name: str) -> tuple[str, str]:
    """Split a name into initials and surname; a group has no initials."""
    parts = _INITIALS.fullmatch(name)
    return (parts["initials"].strip(), parts["surname"]) if parts else ("", name)


def _bibtex_name(name: str) -> str:
    initials, surname = _split(name)
    return f"{_latex(surname)}, {_latex(initials)}" if initials else f"{{{_latex(surname)}}}"


def _plain(text: str) -> str:
    """Drop accents."""
    return "".join(x for x in unicodedata.normalize("NFD", text) if not unicodedata.combining(x))


def _latex(text: str) -> str:
    """Write accents as LaTeX commands, and escape what LaTeX takes for its own."""
    written = ""
    for letter in unicodedata.normalize("NFC", _SPECIAL.sub(r"\\\1", text)):
        parts = unicodedata.normalize("NFD", letter)
        accent = _ACCENTS.get(parts[1:])
        written += f"{{\\{accent}{parts[0]}}}" if accent else letter
    return written
