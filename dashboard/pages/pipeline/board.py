"""The board of a pipeline: a column for each stage, a card for each contact or booking, and moving cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import streamlit as st

from dashboard.frame.session import Business, PageContext
from dashboard.pages.contacts import queries as contact_queries
from dashboard.pages.pipeline import queries as pipeline_queries
from dashboard.pages.pipeline.pending_moves import move_to_stage, pending_moves, settle_moves
from dashboard.pages.pipeline.queries import Subject
from dashboard.parts import components, queries
from dashboard.parts.formatting import (
    escape_markdown,
    format_count,
    format_day,
    format_moment,
    format_money,
    format_words,
)
from dashboard.parts.wording import OPTED_OUT, describe_warmness, forbids_texts
from frontdesk.core.time_words import age_words

_CARDS_PER_STAGE = 20
_COLUMN_WIDTH = 215


@dataclass(frozen=True)
class Stage:
    """A step of a pipeline."""

    pipeline: str
    pipeline_name: str
    key: str
    name: str
    is_won: bool
    next_action: str | None


@dataclass(frozen=True)
class Pipeline:
    """Stages in order, and what moves through them."""

    key: str
    name: str
    subject: Subject
    stages: tuple[Stage, ...]


def group_pipelines(stages: Iterable[Any]) -> tuple[Pipeline, ...]:
    """Return the pipelines of rows of dim_stages, in their order."""
    pipelines = []
    for (key, name, subject), of_pipeline in groupby(
        stages, key=lambda row: (row.pipeline, row.pipeline_name, row.pipeline_of)
    ):
        steps = tuple(Stage(key, name, row.stage, row.stage_name, row.is_won, row.next_action) for row in of_pipeline)
        pipelines.append(Pipeline(key, name, subject, steps))
    return tuple(pipelines)


def show_board(context: PageContext, business: Business, pipeline: Pipeline, pipelines: Sequence[Pipeline]) -> None:
    """Show who stands where. A contact can be moved to any stage of contacts, a booking within its pipeline."""
    tenant_id = business.tenant_id
    moved = pending_moves()
    if moved:
        ids = [move.subject_id for move in moved]
        settle_moves(pipeline_queries.fetch_entries(context.file, tenant_id=tenant_id, subject_ids=ids))
    cards = queries.rows_of(
        pipeline_queries.fetch_board(
            context.file,
            tenant_id=tenant_id,
            subject=pipeline.subject,
            pipeline=pipeline.key,
            moved=pending_moves(),
            limit=_CARDS_PER_STAGE,
        )
    )
    contact_ids = sorted({card.contact_id for card in cards})
    warmness = pipeline_queries.fetch_warmness(context.file, tenant_id=tenant_id, contact_ids=contact_ids)
    opt_outs = contact_queries.fetch_opt_outs(context.file, tenant_id=tenant_id, contact_ids=contact_ids)
    closed = {row.contact_id for row in queries.rows_of(opt_outs) if forbids_texts(row.channel)}
    targets = [
        stage
        for each in pipelines
        if each.key == pipeline.key or each.subject == pipeline.subject == "contact"
        for stage in each.stages
    ]
    with st.grid(columns=len(_columns(pipeline, cards)), min_column_width=_COLUMN_WIDTH):
        for stage in _columns(pipeline, cards):
            of_stage = [card for card in cards if card.stage == stage.key]
            with st.container(gap="small", key=f"stage_{stage.key}"):
                _show_heading(stage, of_stage)
                for card in of_stage:
                    badge = (
                        OPTED_OUT if card.contact_id in closed else describe_warmness(warmness.get(card.contact_id))
                    )
                    _show_card(card, business, pipeline, targets, badge=badge)


def _columns(pipeline: Pipeline, cards: Sequence[Any]) -> tuple[Stage, ...]:
    """Return the stages of the file, and after them those that somebody stands in and the file has no more."""
    known = {stage.key for stage in pipeline.stages}
    unknown = sorted({card.stage for card in cards} - known)
    removed_stages = [
        Stage(
            pipeline.key,
            pipeline.name,
            key,
            f"{format_words(key)} (no longer in the file)",
            is_won=False,
            next_action=None,
        )
        for key in unknown
    ]
    return (*pipeline.stages, *removed_stages)


def _name_removed(stage: str) -> str:
    return f"{format_words(stage)} (no longer in the file)"


def _show_heading(stage: Stage, cards: Sequence[Any]) -> None:
    count = cards[0].count_in_stage if cards else 0
    colour = "green" if stage.is_won else "gray"
    lines = [f"**{escape_markdown(stage.name)}** :{colour}-badge[{format_count(count)}]"]
    if count > len(cards):
        lines.append(f":gray[:small[the newest {len(cards)}]]")
    elif not cards:
        lines.append(":gray[:small[empty]]")
    else:
        # Always a line, so that the first cards of all columns stand side by side.
        lines.append(f":gray[:small[{escape_markdown(stage.next_action or 'No next step')}]]")
    st.markdown("  \n".join(lines))


def _show_card(card: Any, business: Business, pipeline: Pipeline, targets: Sequence[Stage], *, badge: str) -> None:
    now = components.present()
    with st.container(border=True, gap="xsmall", key=f"card_{card.subject_id}"):
        st.page_link(
            "../pages/contacts/contacts.py",
            label=components.contact_label(card.display_name),
            query_params={"tenant": business.tenant_id, "contact": card.contact_id},
        )
        facts = [f"In this stage {age_words((now - card.entered_at).total_seconds())}"]
        if card.value_minor:
            facts.append(escape_markdown(format_money(card.value_minor, card.currency or business.currency)))
        lines = [f":small[{' · '.join(facts)}]"]
        if card.starts_at is not None:
            when = escape_markdown(
                format_day(card.starts_at, business.zone, now=now)
                if card.is_all_day
                else format_moment(card.starts_at, business.zone, now=now)
            )
            lines.append(f":gray[:small[:material/event: {when}]]")
        lines.append(badge)
        st.markdown("  \n".join(lines))
        elsewhere = [stage for stage in targets if (stage.pipeline, stage.key) != (pipeline.key, card.stage)]
        names = {_name_target(stage, pipeline): stage for stage in elsewhere}
        key = f"move_{card.subject_id}"
        st.menu_button(
            "Move to",
            list(names),
            key=key,
            type="tertiary",
            icon=":material/arrow_forward:",
            on_click=_move,
            args=(card, business, pipeline.subject, names, key),
        )


def _name_target(stage: Stage, pipeline: Pipeline) -> str:
    return stage.name if stage.pipeline == pipeline.key else f"{stage.pipeline_name}: {stage.name}"


def _move(card: Any, business: Business, subject: Subject, names: dict[str, Stage], key: str) -> None:
    stage = names.get(st.session_state.get(key) or "")
    if stage is None:
        return
    contact = {"phone": card.phone} if card.phone else {"email": card.email} if card.email else None
    if subject == "contact" and contact is None:
        st.toast(
            "This contact has no phone number or e-mail address. Add one first.",
            icon=":material/error:",
        )
        return
    move_to_stage(
        business.tenant_id,
        card.subject_id,
        pipeline=stage.pipeline,
        stage=stage.key,
        booking_id=card.booking_id if subject == "booking" else None,
        contact=contact if subject == "contact" else None,
        toast=f"{card.display_name or 'Moved'}: {stage.name}",
    )
