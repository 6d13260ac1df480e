"""Has a fragment run again as soon as another file is published, and not before."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.frame.analytics_file import AnalyticsFile

_FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "frontdesk_publication",
    js=(_FOLDER / "publication.js").read_text(encoding="utf-8"),
    css=(_FOLDER / "publication.css").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def watch_publication(file: AnalyticsFile, *, key: str) -> None:
    """Run the fragment that this is called in again when another file is published. To be called before it is read.

    `key` is the fragment's own. What a page says of the present by a clock needs the fragment's `run_every` as well.
    """
    _component(key=f"watches_publication_{key}", data={"version": file.version()}, on_published_change=_run_again)


def _run_again() -> None:
    """Do nothing: that something is to be done runs the fragment."""
