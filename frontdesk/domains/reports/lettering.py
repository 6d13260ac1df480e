"""What a report's letters need to be drawn: fonts beside DejaVu Sans, and a stand-in for what no font has."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import matplotlib as mpl
from matplotlib.font_manager import fontManager
from matplotlib.ft2font import FT2Font

from frontdesk.domains.reports.document import Report

#: Asks the shaper to join or part the letters around it; belongs to the font of the letter before.
JOINERS = frozenset({0x200C, 0x200D, 0xFE0E, 0xFE0F})

#: JSON escapes these, so they are not among the letters that are looked at.
_CONTROLS = dict.fromkeys((*range(ord("\n")), *range(ord("\n") + 1, ord(" "))))
_STAND_IN = "\N{REPLACEMENT CHARACTER}"
_MAIN_FOLDER = Path(mpl.get_data_path()) / "fonts" / "ttf"
_CHINESE_JAPANESE_KOREAN = files("noto_cjk_sans_otc") / "NotoSansCJK-Regular.ttc"
#: One code is drawn in more than one way; the collection has a face for each.
_JAPANESE, _KOREAN, _SIMPLIFIED, _TRADITIONAL, _HONG_KONG = range(5)
_FACES: Mapping[str, int] = {
    "JPY": _JAPANESE,
    "KRW": _KOREAN,
    "CNY": _SIMPLIFIED,
    "TWD": _TRADITIONAL,
    "HKD": _HONG_KONG,
}


@dataclass(frozen=True, slots=True)
class FontFile:
    """A font: a file, and which of the fonts in it."""

    path: Path
    face: int = 0

    @property
    def family(self) -> str:
        """The name it has for matplotlib."""
        return self._opened().family_name

    def has(self, letter: str) -> bool:
        """Tell whether it draws this letter."""
        return self._opened().get_char_index(ord(letter)) != 0

    def codes(self) -> set[int]:
        """Return all that it draws."""
        return set(self._opened().get_charmap())

    def _opened(self) -> FT2Font:
        return _open(self.path, self.face)


MAIN = FontFile(_MAIN_FOLDER / "DejaVuSans.ttf")
MAIN_BOLD = FontFile(_MAIN_FOLDER / "DejaVuSans-Bold.ttf")


@dataclass(frozen=True, slots=True)
class Lettering:
    """How the letters of one report are drawn."""

    is_plain: bool  #: DejaVu Sans has every letter, and each stands for itself
    extra_fonts: tuple[FontFile, ...]  #: of the letters that DejaVu Sans lacks, no more than are needed
    stand_ins: Mapping[int, str | None]

    def drawable(self, text: str) -> str:
        """Return a text that the fonts have every letter of."""
        return text.translate(self.stand_ins)

    def families(self) -> list[str]:
        """Make the fonts known to matplotlib; return their names, the first to be tried first."""
        for font in self.extra_fonts:
            _tell_matplotlib(font.path)
        return [font.family for font in (MAIN, *self.extra_fonts)]


def lettering_of(report: Report) -> Lettering:
    """Return what the letters of a report need."""
    written = set(report.model_dump_json())
    # A name begins with a capital letter where its script has them; it need not be written anywhere.
    letters = written.union(*(letter.title() for letter in written if letter > "\x7f"))
    return _lettering_of(frozenset(letters), report.currency)


def _lettering_of(letters: frozenset[str], currency: str) -> Lettering:
    lacked = {letter for letter in letters if not MAIN.has(letter)}
    unseen = {letter for letter in lacked if _is_unseen(letter)}
    missing = lacked - unseen
    extra_fonts = []
    for font in _further_fonts(_face(letters, currency)) if missing else ():
        found = {letter for letter in missing if font.has(letter)}
        if found:
            extra_fonts.append(font)
            missing -= found
    return Lettering(
        is_plain=not lacked and all(MAIN_BOLD.has(letter) and _stands_for_itself(letter) for letter in letters),
        extra_fonts=tuple(extra_fonts),
        stand_ins={**_CONTROLS, **dict.fromkeys(map(ord, unseen)), **dict.fromkeys(map(ord, missing), _STAND_IN)},
    )


def _stands_for_itself(letter: str) -> bool:
    """Tell whether a letter looks the same whatever is beside it, and is followed by what is right of it."""
    return unicodedata.bidirectional(letter) not in ("R", "AL") and not unicodedata.combining(letter)


def _is_unseen(letter: str) -> bool:
    is_selector = "VARIATION SELECTOR" in unicodedata.name(letter, "")
    return is_selector or unicodedata.category(letter) in ("Cc", "Cf")


def _face(letters: frozenset[str], currency: str) -> int:
    """Return the face that readers of this business expect."""
    if currency in _FACES:
        return _FACES[currency]
    names = {unicodedata.name(letter, "").partition(" ")[0] for letter in letters}
    if names & {"HIRAGANA", "KATAKANA"}:
        return _JAPANESE
    return _KOREAN if "HANGUL" in names else _SIMPLIFIED


def _further_fonts(face: int) -> Iterator[FontFile]:
    """Yield fonts, each of a script; then emoji, and signs that none of the others has."""
    noto = Path(str(files("manimgx_fonts")))
    last = [noto / "NotoEmoji[wght].ttf", noto / "NotoSansSymbols[wght].ttf"]
    others = {path for path in noto.glob("*.ttf") if "Italic" not in path.name} - {*last}
    yield from map(FontFile, sorted(others))
    yield FontFile(Path(str(_CHINESE_JAPANESE_KOREAN)), face)
    yield from map(FontFile, last)


@cache
def _open(path: Path, face: int) -> FT2Font:
    return FT2Font(path, face_index=face)


@cache
def _tell_matplotlib(path: Path) -> None:
    fontManager.addfont(path)
