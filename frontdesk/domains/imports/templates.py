"""Templates such as "appt-{Appointment ID}-created": text with columns in braces."""

from __future__ import annotations

import re
from collections.abc import Mapping

from frontdesk.domains.imports.problems import CellError

_TOKEN = re.compile(r"\{\{|\}\}|\{(?P<column>[^{}]+)\}|[{}]")


class Template:
    """A parsed template. "{{" and "}}" stand for braces. Raises ValueError if a brace has no partner."""

    def __init__(self, text: str) -> None:
        self._literals: list[str] = [""]
        columns: list[str] = []
        end = 0
        for token in _TOKEN.finditer(text):
            self._literals[-1] += text[end : token.start()]
            end = token.end()
            if column := token["column"]:
                columns.append(column.strip())
                self._literals.append("")
            elif token[0] in ("{{", "}}"):
                self._literals[-1] += token[0][0]
            else:
                raise ValueError(f"{text!r}: a brace has no partner; write {{{{ or }}}} for a brace itself")
        self._literals[-1] += text[end:]
        self.columns = tuple(columns)

    def render(self, cells: Mapping[str, str]) -> str:
        """Return the text; empty if all its columns are empty, with single spaces otherwise."""
        if self.columns and not any(cells[column] for column in self.columns):
            return ""
        return " ".join(self._join(cells).split())

    def render_id(self, cells: Mapping[str, str]) -> str:
        """Return the text as an identifier. Raises CellError if a column is empty."""
        for column in self.columns:
            if not cells[column]:
                raise CellError("is empty, but an id is made of it", column=column)
        return self._join(cells)

    def _join(self, cells: Mapping[str, str]) -> str:
        parts = [self._literals[0]]
        for column, literal in zip(self.columns, self._literals[1:], strict=True):
            parts.append(cells[column])
            parts.append(literal)
        return "".join(parts)
