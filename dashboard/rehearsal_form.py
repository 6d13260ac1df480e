"""The form that rehearses a change of a business's file, and the differences it would make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.formatting import escape_lines, escape_markdown, format_words
from dashboard.rehearsal import Rehearsal, RehearsalError, rehearse
from dashboard.session import Business, Office

_RESULT = "rehearsal"


def show_rehearsal(office: Office, business: Business) -> None:
    """Let staff upload or write a changed file, and show what it would send, no longer send, or move."""
    st.markdown(
        "Change the business's file here, or upload a changed one. It runs over the whole history and compares with "
        "what the present rules decide. **Nothing is sent, and nothing is saved.**"
    )
    uploaded = st.file_uploader("A changed tenant file", type=["yaml", "yml"], key="rehearsal_file")
    if uploaded is None:
        text = st.text_area(
            "The file", value=_present_file(office, business), height=320, key=f"rehearsal_text_{business.tenant_id}"
        )
    else:
        text = uploaded.getvalue().decode("utf-8", errors="replace")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        since = st.date_input(
            "Compare since", value=None, key="rehearsal_since", width=200, help="Empty: all history"
        )
        is_asked = st.button("Rehearse", key="rehearse", type="primary", icon=":material/science:")
    if is_asked and text:
        with st.spinner("Deciding the whole history again…"):
            try:
                result: Rehearsal | str = rehearse(text, tenant_id=business.tenant_id, since=since)
            except RehearsalError as error:
                result = error.detail
        st.session_state[_RESULT] = (business.tenant_id, result)
    tenant_id, result = st.session_state.get(_RESULT, (None, None))
    if tenant_id == business.tenant_id and result is not None:
        _show_result(result)


def _present_file(office: Office, business: Business) -> str:
    if office.backstage is None:
        return ""
    try:
        return (office.backstage.tenants_dir / f"{business.tenant_id}.yaml").read_text(encoding="utf-8")
    except OSError:
        return ""


def _show_result(result: Rehearsal | str) -> None:
    if isinstance(result, str):
        st.error(escape_lines(result), icon=":material/error:")
        return
    figures = {name: value for name, value in result.report.items() if not isinstance(value, list | dict)}
    if figures:
        with st.grid(columns="auto", min_column_width=150):
            for name, value in figures.items():
                st.metric(format_words(name), _describe(value), border=True)
    for name, value in result.report.items():
        if isinstance(value, list | dict):
            st.subheader(escape_markdown(format_words(name)), anchor=False)
            _show_part(value)


def _show_part(value: list[Any] | Mapping[str, Any]) -> None:
    if isinstance(value, Mapping):
        lines = [
            f":gray[{escape_markdown(format_words(name))}] {escape_markdown(_describe(each))}"
            for name, each in value.items()
        ]
        st.markdown("  \n".join(lines) or "None.")
        return
    if not value:
        st.caption("None.")
        return
    rows = [row if isinstance(row, Mapping) else {"value": row} for row in value]
    table = pd.DataFrame([{format_words(key): _describe(each) for key, each in row.items()} for row in rows])
    st.dataframe(table, hide_index=True)


def _describe(value: Any) -> str:
    if value is None:
        return "\N{EN DASH}"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{format_words(name)}: {_describe(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(_describe(each) for each in value)
    return str(value)
