"""What a PDF really draws: its glyphs in their order, the font of each, whether that font has an outline for it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from fontTools.cffLib import CFFFontSet
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont
from pypdf import PdfReader
from pypdf.generic import ContentStream


@dataclass(frozen=True, slots=True)
class Glyph:
    """One glyph of a page."""

    font: str
    name: str  #: in the embedded font; `.notdef` is the box
    letters: str  #: that a reader copies from the page; none where the glyph before it stands for them
    is_visible: bool  #: has an outline


class _Embedded(Protocol):
    def glyph(self, code: int) -> tuple[str, bool]:
        """Return the name of a code's glyph and whether it has an outline."""


def drawn_glyphs(pdf: bytes) -> list[Glyph]:
    """Return the glyphs of all pages, in the order in which they are drawn: on a line, left to right."""
    reader = PdfReader(io.BytesIO(pdf))
    return [glyph for page in reader.pages for glyph in _glyphs_of(page, reader)]


def _glyphs_of(page: Any, reader: PdfReader) -> Iterator[Glyph]:
    fonts = {name: font.get_object() for name, font in page["/Resources"]["/Font"].items()}
    embedded = {name: _embedded(font) for name, font in fonts.items()}
    letters = {name: _letters(font) for name, font in fonts.items()}
    current = ""
    for operands, operator in ContentStream(page.get_contents(), reader).operations:
        if operator == b"Tf":
            current = operands[0]
        elif operator == b"Tj":
            codes = operands[0].original_bytes
            for place in range(0, len(codes), 2):
                code = int.from_bytes(codes[place : place + 2])
                name, is_visible = embedded[current].glyph(code)
                yield Glyph(str(fonts[current]["/BaseFont"]), name, letters[current].get(code, ""), is_visible)


def _letters(font: Any) -> dict[int, str]:
    pairs = re.findall(rb"<(\w{4})> <(\w+)>", font["/ToUnicode"].get_data())
    return {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}


def _embedded(font: Any) -> _Embedded:
    descendant = font["/DescendantFonts"][0].get_object()
    descriptor = descendant["/FontDescriptor"]
    if "/FontFile2" in descriptor:
        return _TrueType(descriptor["/FontFile2"].get_data(), descendant["/CIDToGIDMap"].get_data())
    return _Compact(descriptor["/FontFile3"].get_data(), font["/Encoding"].get_data())


class _TrueType:
    def __init__(self, program: bytes, glyphs: bytes) -> None:
        self._font = TTFont(io.BytesIO(program))
        self._glyphs = glyphs

    def glyph(self, code: int) -> tuple[str, bool]:
        number = int.from_bytes(self._glyphs[2 * code : 2 * code + 2])
        name = self._font.getGlyphName(number) if number else ".notdef"
        return name, self._font["glyf"][name].numberOfContours != 0


class _Compact:
    def __init__(self, program: bytes, encoding: bytes) -> None:
        fonts = CFFFontSet()
        fonts.decompile(io.BytesIO(program), None)
        self._outlines = fonts[0].CharStrings
        self._numbers = {int(code, 16): int(cid) for code, cid in re.findall(rb"<(\w{4})> (\d+)", encoding)}

    def glyph(self, code: int) -> tuple[str, bool]:
        name = f"cid{self._numbers.get(code, 0):05d}"
        if name not in self._outlines or name == "cid00000":
            return ".notdef", False
        pen = BoundsPen(None)
        self._outlines[name].draw(pen)
        return name, pen.bounds is not None
