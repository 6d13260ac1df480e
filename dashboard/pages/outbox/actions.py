"""What staff decide about commands: redrive dead ones, settle uncertain ones, and the kill switches."""

from __future__ import annotations

import streamlit as st

from dashboard.frame import actions, session
from dashboard.frame.api import ApiRefusedError, ApiUnavailableError, BusinessApi
from dashboard.frame.session import Business
from dashboard.parts import components
from dashboard.parts.formatting import escape_markdown, format_count, format_relative, format_words
from dashboard.parts.typed_text.box import Action, Field, Typed, show_box
from dashboard.parts.wording import CHANNELS, name_rule
from frontdesk.domains.sending.outbox.commands import Channel, CommandState
from frontdesk.domains.sending.outbox.shapes import CommandWithAttempts, HoldRead

_SWITCHED = tuple(channel for channel in Channel if channel is not Channel.SYNC)


def show_bulk_redrive(business: Business, *, channel: str | None, rule_id: str | None) -> None:
    """Show the button that lets all dead commands of a channel and rule wait again."""
    parts = ([CHANNELS[channel].lower()] if channel else []) + ([name_rule(rule_id)] if rule_id else [])
    st.button(
        f"Send all failed {', '.join(parts) or 'ones'} again",
        key="redrive_all",
        icon=":material/replay:",
        help="They are queued again with all their attempts. What was sent is not among them.",
        on_click=_redrive_all,
        args=(business, channel, rule_id),
    )


def _redrive_all(business: Business, channel: str | None, rule_id: str | None) -> None:
    def redrive(api: BusinessApi) -> str:
        count = api.redrive_matching(channel=Channel(channel) if channel else None, rule_id=rule_id)
        return f"Queued again: {format_count(count)}."

    actions.act(business.tenant_id, redrive)


def show_decisions(business: Business, command: CommandWithAttempts) -> None:
    """Show what a person can decide about a command as it stands."""
    if command.state is CommandState.DEAD:
        st.button(
            "Send it again",
            key="redrive",
            icon=":material/replay:",
            type="primary",
            on_click=_redrive,
            args=(business, command.command_key),
        )
    elif command.state is CommandState.UNCERTAIN and command.attempts:
        with st.container(border=True):
            st.markdown(
                "**It may have been sent, or not.** It is never sent again by itself: look it up at "
                f"{escape_markdown(format_words(command.provider))}, then say what you found."
            )
            show_box(
                key=f"resolve_{command.command_key}",
                draft=f"{business.tenant_id}|resolve|{command.command_key}",
                fields=[
                    Field(
                        name="provider_id",
                        label="The provider's id of it, if it was sent",
                        placeholder="SM…",
                        max_length=255,
                        shows_label=True,
                    )
                ],
                actions=[
                    Action(name="sent", label="It was sent", is_primary=False),
                    Action(name="not_sent", label="It was not sent: send it", is_primary=False),
                ],
                on_act=lambda typed: _resolve(business, command, typed),
            )


def _redrive(business: Business, command_key: str) -> None:
    def redrive(api: BusinessApi) -> str:
        api.redrive(command_key)
        return "Queued again."

    actions.act(business.tenant_id, redrive)


def _resolve(business: Business, command: CommandWithAttempts, typed: Typed) -> bool:
    was_sent = typed.action == "sent"

    def resolve(api: BusinessApi) -> str:
        api.resolve(
            command.command_key,
            attempt_number=command.attempts[-1].attempt_number,
            was_sent=was_sent,
            resolved_by=actions.staff_name(business.tenant_id),
            provider_id=typed.values["provider_id"].strip() or None,
        )
        return "Marked as sent." if was_sent else "Queued again."

    return actions.act(business.tenant_id, resolve)


@st.fragment(run_every=components.REFRESH_SECONDS)
def show_switches(business: Business) -> None:
    """Show the kill switches of the business and its channels, and every hold in force, rules' ones too."""
    try:
        with session.current_context().open_api(business.tenant_id) as api:
            holds = api.list_holds()
    except (ApiUnavailableError, ApiRefusedError):
        return  # the list of commands says why
    for hold in holds:
        st.markdown(_describe_hold(hold))
    with st.expander("Pause sending", icon=":material/pause_circle:", key="pause_sending"):
        st.caption(
            "What is paused stays in the outbox and goes out when you resume it, unless it has expired by then."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            show_switch(business, holds, label="Everything")
            for channel in _SWITCHED:
                show_switch(business, holds, label=CHANNELS[channel], channel=channel)
            for hold in holds:
                if hold.rule_id is not None and hold.tenant_id is not None:
                    label = format_words(hold.rule_id)
                    show_switch(business, holds, label=label, channel=hold.channel, rule_id=hold.rule_id)


def find_holds(business: Business) -> tuple[HoldRead, ...] | None:
    """Return the holds in force, or say in one line why they are not known and return None."""
    try:
        with session.current_context().open_api(business.tenant_id) as api:
            return api.list_holds()
    except (ApiUnavailableError, ApiRefusedError) as error:
        actions.show_off(error.detail)
        return None


def find_hold(
    holds: tuple[HoldRead, ...], *, channel: Channel | None = None, rule_id: str | None = None
) -> HoldRead | None:
    """Return the hold of exactly this scope of the business's own, None if there is none."""
    own = (hold for hold in holds if hold.tenant_id is not None)
    return next((hold for hold in own if (hold.channel, hold.rule_id) == (channel, rule_id)), None)


def show_switch(
    business: Business,
    holds: tuple[HoldRead, ...],
    *,
    label: str,
    channel: Channel | None = None,
    rule_id: str | None = None,
) -> None:
    """Show the one button that holds a scope, or releases it."""
    hold = find_hold(holds, channel=channel, rule_id=rule_id)
    st.button(
        f"{'Resume' if hold else 'Pause'} {escape_markdown(label).lower()}",
        key=f"{'release' if hold else 'hold'}_{channel or 'all'}_{rule_id or 'all'}",
        icon=":material/play_arrow:" if hold else ":material/pause:",
        type="primary" if hold else "secondary",
        on_click=_release if hold else _hold,
        args=(business, channel, rule_id),
    )


def _hold(business: Business, channel: Channel | None, rule_id: str | None) -> None:
    def hold(api: BusinessApi) -> str:
        api.hold(
            channel=channel,
            rule_id=rule_id,
            reason="Paused on the dashboard",
            held_by=actions.staff_name(business.tenant_id),
        )
        return "Paused: nothing of it goes out."

    actions.act(business.tenant_id, hold)


def _release(business: Business, channel: Channel | None, rule_id: str | None) -> None:
    def release(api: BusinessApi) -> str:
        api.release(channel=channel, rule_id=rule_id, released_by=actions.staff_name(business.tenant_id))
        return "Resumed: what is due goes out."

    actions.act(business.tenant_id, release)


def _describe_hold(hold: HoldRead) -> str:
    scope = [CHANNELS[hold.channel]] if hold.channel else []
    scope += [f"rule {name_rule(hold.rule_id)}"] if hold.rule_id else []
    what = ", ".join(scope) or ("Everything" if hold.tenant_id else "Every business (set by the operator)")
    since = format_relative(hold.held_at, now=components.present())
    return (
        f":red[:material/pause_circle:] **{what}** paused {since} by {escape_markdown(hold.held_by)} "
        f":gray[:small[{escape_markdown(hold.reason)}]]"
    )
