"""What this session moved on the board and the published file does not say yet, so that a card moves at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from dashboard.frame import actions
from dashboard.frame.api import BusinessApi
from dashboard.parts import components

_KEY = "pending_moves"


@dataclass(frozen=True)
class Move:
    """A contact or booking that was moved to a stage."""

    subject_id: str
    pipeline: str
    stage: str
    asked_at: datetime


def pending_moves() -> list[Move]:
    """Return what was moved and not yet settled, in the order of the clicks."""
    return list(_pending().values())


def settle_moves(entries: Mapping[str, datetime]) -> None:
    """Forget the moves of subjects that came where they stand after they were moved, as far as it is published."""
    for subject_id, entered_at in entries.items():
        move = _pending().get(subject_id)
        if move is not None and entered_at >= move.asked_at:
            del _pending()[subject_id]


def move_to_stage(
    tenant_id: str,
    subject_id: str,
    *,
    pipeline: str,
    stage: str,
    booking_id: str | None,
    contact: Mapping[str, str] | None,
    toast: str,
) -> None:
    """Tell /v1 that a booking, or else a person, came into a stage; if it is refused, the card stays."""
    asked_at = components.present()

    def run(api: BusinessApi) -> str:
        api.change_stage(pipeline=pipeline, stage=stage, booking_id=booking_id, contact=contact)
        return toast

    if actions.act(tenant_id, run):
        _pending()[subject_id] = Move(subject_id, pipeline, stage, asked_at)


def _pending() -> dict[str, Move]:
    pending: dict[str, Move] = st.session_state.setdefault(_KEY, {})
    return pending
