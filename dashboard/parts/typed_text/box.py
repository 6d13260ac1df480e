"""The boxes that staff type in: a draft stays in the browser until it is sent, whatever the page does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from dashboard.frame import session
from frontdesk.domains.sending.sms_segments import Encoding

_FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "frontdesk_typed_text",
    js=(_FOLDER / "typed_text.js").read_text(encoding="utf-8"),
    css=(_FOLDER / "typed_text.css").read_text(encoding="utf-8"),
    isolate_styles=False,
)
_ANSWERS = "typed_text_answers"
_SEARCHES = "typed_text_searches"
#: Ids of drafts that were sent, of each box; a box that is shown again must not show them.
_REMEMBERED = 20


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a box. `needed` is what is said if it is left empty; None: it may be."""

    name: str
    label: str
    kind: Literal["line", "lines", "search", "date", "datetime-local"] = "line"
    placeholder: str = ""
    value: str = ""
    rows: int = 1
    max_length: int | None = None
    needed: str | None = None
    is_code: bool = False
    shows_label: bool = False


@dataclass(frozen=True, kw_only=True)
class Action:
    """A button of a box; the first one is also Ctrl+Enter's, and Enter's in a line."""

    name: str
    label: str
    is_primary: bool = True


@dataclass(frozen=True, kw_only=True)
class Fill:
    """Texts to put into the box once, such as a template's; another id puts them in again."""

    id: str
    values: Mapping[str, str]
    replaces: bool = False  #: what is in the box; else it comes after what a person wrote


@dataclass(frozen=True, kw_only=True)
class SmsRates:
    """What the browser needs to count segments and their price while somebody writes."""

    basic: str
    extension: str
    capacity: Mapping[Encoding, tuple[int, int]]
    currency: str | None
    price_micros: int | None


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What a person sent: `id` is the draft's, the same however often it is sent."""

    id: str
    action: str
    values: Mapping[str, str]


@dataclass
class _Answers:
    done: list[str]
    refused: dict[str, Any] | None = None


def show_box(
    *,
    key: str,
    fields: Sequence[Field],
    actions: Sequence[Action],
    on_act: Callable[[Typed], bool],
    draft: str | None = None,
    note: str = "",
    reset: str | None = None,
    sms: SmsRates | None = None,
    fill: Fill | None = None,
) -> None:
    """Show the box. `on_act` returns whether what was typed is done with: then, and only then, the box is empty.

    `draft` names what is written and for whom; each person of a browser has own drafts. None: nothing is kept.
    """
    answers = _answers_of(key)

    def answer() -> None:
        act = _read_act(key)
        if act is None:
            return
        typed = Typed(
            id=str(act["id"]),
            action=str(act["action"]),
            values={field.name: str(act["values"].get(field.name) or "") for field in fields},
        )
        if on_act(typed):
            answers.done = [*answers.done, typed.id][-_REMEMBERED:]
        else:
            answers.refused = {"id": typed.id, "attempt": act["attempt"]}

    _component(
        key=key,
        data={
            "draft": None if draft is None else f"{_person()}|{draft}",
            "fields": [asdict(field) for field in fields],
            "actions": [asdict(action) for action in actions],
            "note": note,
            "reset": reset,
            "sms": None if sms is None else asdict(sms),
            "fill": None if fill is None else asdict(fill),
            "done": answers.done,
            "refused": answers.refused,
            "live": False,
        },
        on_act_change=answer,
    )


def show_search(
    label: str, *, key: str, placeholder: str, on_search: Callable[[], None] | None = None, is_linked: bool = False
) -> str:
    """Show a search box and return what is looked for: a moment after the last key, or at once by Enter.

    `is_linked`: it stands in the address too, as `search`. A page that is left and opened again looks for the same.
    """
    searches: dict[str, str] = st.session_state.setdefault(_SEARCHES, {})
    if is_linked and "search" in st.query_params:
        searches[key] = st.query_params["search"]

    def search() -> None:
        act = _read_act(key)
        if act is None:
            return
        text = str(act["values"].get("text") or "")
        is_new = text != searches.get(key, "")
        searches[key] = text
        if is_linked and text:
            st.query_params["search"] = text
        elif is_linked:
            st.query_params.pop("search", None)
        if is_new and on_search is not None:
            on_search()

    field = Field(name="text", label=label, kind="search", placeholder=placeholder, value=searches.get(key, ""))
    _component(
        key=key,
        data={
            "draft": f"{_person()}|search|{key}",
            "fields": [asdict(field)],
            "actions": [],
            "note": "",
            "reset": None,
            "sms": None,
            "fill": None,
            "done": [],
            "refused": None,
            "live": True,
        },
        on_act_change=search,
    )
    return searches.get(key, "")


def forget_drafts(email: str) -> None:
    """Remove what a person who signed out had typed from the browser."""
    _component(key=f"forget_drafts_{email}", data={"forget": email.lower()})


def _person() -> str:
    receiver = session.current_context().receiver
    emails = sorted({member.email.lower() for member in receiver.signed_in.values()}) if receiver else []
    return f"frontdesk.draft|{emails[0] if emails else ''}"


def _answers_of(key: str) -> _Answers:
    answers: dict[str, _Answers] = st.session_state.setdefault(_ANSWERS, {})
    return answers.setdefault(key, _Answers([]))


def _read_act(key: str) -> Mapping[str, Any] | None:
    """Return what the browser told with the present click."""
    state = st.session_state.get(key)
    act = None if state is None else state.get("act")
    return act if isinstance(act, Mapping) else None
