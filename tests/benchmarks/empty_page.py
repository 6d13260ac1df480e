"""A Streamlit page with one line on it: what a page costs before there is anything of ours."""

from __future__ import annotations

import streamlit as st

st.markdown("Nothing else")
