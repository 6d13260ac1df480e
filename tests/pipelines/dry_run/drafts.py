"""Drafts of a business's file: the file in force with some of its words replaced."""

from __future__ import annotations

from pathlib import Path


def draft_of(file: Path, folder: Path, *changes: tuple[str, str]) -> Path:
    """Write a draft into a folder; each change is (before, after), and `before` stands in the file once."""
    text = file.read_text(encoding="utf-8")
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    draft = folder / "draft.yaml"
    draft.write_text(text, encoding="utf-8")
    return draft
