"""What `streamlit run` starts: the pages of app.py, behind a guard that knows hosts and adds headers."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from dashboard.frame.published_version import build_version_route
from frontdesk.core.serving.hosts import KnownHosts
from frontdesk.core.serving.site_protection import EVERYWHERE, NOT_STORED, SiteProtection
from frontdesk.core.settings import load_settings

#: Streamlit runs scripts and styles of its own in the page, and charts compile their formulas there.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'self'",
    )
)

_settings = load_settings()

app = st.App(
    Path(__file__).with_name("app.py"),
    routes=[build_version_route(_settings.analytics_path)],
    middleware=[
        Middleware(
            SiteProtection,
            hosts=KnownHosts.of(_settings),
            policy=_POLICY,
            headers={**EVERYWHERE, **NOT_STORED},
        )
    ],
)
