"""A `frontdesk` that answers as a test tells it: for what its callers make of the answer."""

from __future__ import annotations

from pathlib import Path


def frontdesk(folder: Path, script: str) -> Path:
    """Write a program of this shell script into a folder; return its path."""
    program = folder / "frontdesk"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o700)
    return program
