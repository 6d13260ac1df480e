"""Inbox: conversations, the thread, and answering through a real receiver."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.frame.api import ApiRefusedError, BusinessApi
from frontdesk.core.log.envelope import Event
from frontdesk.domains.sending.outbox.commands import CommandState
from tests.dashboard.conftest import open_page, owner_of, signed_in_beside, text_of
from tests.dashboard.published_file import ANNA, ANNA_TOO, BARBERS, HOSTILE, JOSE, MASSAGE
from tests.dashboard.published_messages import REMINDER_KEY
from tests.dashboard.receivers import Beside, command
from tests.dashboard.typing import act, find_box

pytestmark = pytest.mark.usefixtures("filled_home")


@pytest.fixture
def beside(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    with signed_in_beside(filled_home, monkeypatch, owner_of(BARBERS)) as beside:
        yield beside


def open_thread(contact_id: str = ANNA) -> AppTest:
    return open_page("inbox", tenant=MASSAGE, contact=contact_id)


def events_of(beside: Beside) -> list[Event]:
    return list(beside.log.read_after(0, limit=100))


def payload_of(event: Event) -> Any:
    return orjson.loads(event.payload)


REPLY = f"reply_sms_{ANNA}"


def test_an_inbox_needs_a_business() -> None:
    app = open_page("inbox")
    assert "Choose a business" in text_of(app)
    app.button(key=f"choose_{BARBERS}").click().run()
    assert "No conversations yet" in text_of(app)


def test_conversations_are_newest_first_and_unread_ones_stand_out() -> None:
    app = open_page("inbox", tenant=MASSAGE)
    order = [each.key for each in app.button if str(each.key).startswith("conversation_")]
    assert order == [f"conversation_{each}" for each in (ANNA, JOSE, ANNA_TOO, HOSTILE)]
    assert ":gray[:small[9 min ago]] :small[**Thank you. Is there parking? I come by car**]" in text_of(app)
    assert ":gray[:small[5 h ago]] :gray[:small[You: See you then, José!]]" in text_of(app)


def conversations_of(app: AppTest) -> list[str]:
    return [str(each.key).removeprefix("conversation_") for each in app.button if str(each.key).startswith("conver")]


@pytest.mark.usefixtures("beside")
def test_a_picture_is_linked_by_the_event_that_carries_it_whatever_came_after() -> None:
    app = open_thread(JOSE)
    assert "/media/evt-picture/0)" in text_of(app)


def test_only_what_needs_a_reply_leaves_the_answered_and_the_opted_out() -> None:
    app = open_page("inbox", tenant=MASSAGE)
    app.toggle(key="inbox_open").set_value(True).run()
    assert conversations_of(app) == [ANNA, HOSTILE]  # what was answered to HOSTILE did not arrive


def test_a_conversation_that_needs_no_reply_leaves_the_list_and_the_navigation(beside: Beside) -> None:
    app = open_thread()
    assert "Inbox (2)" in [each.proto.label for each in app.get("page_link")]
    [button] = [each for each in app.button if each.label == "No reply needed"]
    button.click().run()
    app.toggle(key="inbox_open").set_value(True).run()

    assert conversations_of(app) == [HOSTILE]
    assert not [each for each in app.button if each.label == "No reply needed"]
    assert "Inbox (1)" in [each.proto.label for each in app.get("page_link")]
    [event] = events_of(beside)
    assert event.type == "message.read"
    assert payload_of(event)["contact"] == {"phone": "+61412345678", "email": "anna.lind@example.com"}
    assert payload_of(event)["by"] == "mia@example.com"
    with BusinessApi(beside.url, token=beside.open_session(MASSAGE)) as api:
        api.need_no_reply(payload_of(event)["message_id"])
        with pytest.raises(ApiRefusedError, match="no contact wrote a message of this id"):
            api.need_no_reply("SM-confirmation")
    assert len(events_of(beside)) == 1


def test_a_long_list_says_that_it_is_cut_and_goes_on() -> None:
    app = open_page("inbox", tenant=MASSAGE)
    app.session_state["inbox_shown"] = 2
    app.run()
    assert conversations_of(app) == [ANNA, JOSE]
    assert "The newest 2 of 4 conversations" in text_of(app)
    app.button(key="inbox_more").click().run()
    assert len(conversations_of(app)) == 4


def test_a_thread_has_both_sides_with_states_rules_and_links_to_why() -> None:
    app = open_thread()
    text = text_of(app)
    said = ["do you have anything free", "Which suits?", "10:00 please!", "is booked for Tue", "Is there parking?"]
    assert sorted(said, key=text.rindex) == said
    assert "Is there parking?  \nI come by car" in text
    assert ":green-badge[:material/done_all: Delivered]" in text
    assert (
        f"[Booking confirmation · details](outbox?tenant={MASSAGE}&command={MASSAGE}%2Fbooking_confirmation" in text
    )
    assert ":orange-badge[:material/help: Not confirmed]" in text


def test_what_goes_out_later_is_told_in_words_that_will_be_sent(beside: Beside) -> None:
    assert beside.url
    assert "Goes out in 19 h" in text_of(open_thread())
    assert "Harbour Massage: Anna, see you " in text_of(open_thread())


def test_what_the_outbox_withdrew_is_not_announced(beside: Beside) -> None:
    beside.outbox.enqueue([command(REMINDER_KEY, due_at=datetime.now(UTC) + timedelta(hours=20))])
    beside.outbox.withdraw([REMINDER_KEY], reason="the booking moved")
    assert "Goes out in" not in text_of(open_thread())


def test_what_a_stranger_writes_is_shown_as_it_is() -> None:
    assert "![x](http://127.0.0.1:9/pixel.png)" in text_of(open_thread(HOSTILE))
    assert "error 30005" in text_of(open_thread(HOSTILE))


def test_a_text_goes_out_and_the_box_is_told_so(beside: Beside) -> None:
    app = act(open_thread(), REPLY, text="  Yes, right behind the house.\n")

    [event] = events_of(beside)
    assert (event.type, event.tenant_id) == ("message.requested", MASSAGE)
    assert payload_of(event)["text"] == "Yes, right behind the house."
    assert payload_of(event)["contact"]["phone"] == "+61412345678"
    assert "Yes, right behind the house." in text_of(app)
    assert ":gray-badge[:material/schedule: Queued]" in text_of(app)
    box = find_box(app, REPLY)
    assert box is not None
    assert box["done"] == ["draft-1"]


def test_the_same_draft_twice_is_one_text_even_after_a_reload(beside: Beside) -> None:
    app = act(open_thread(), REPLY, text="Once only")
    act(app, REPLY, text="Once only")
    act(open_thread(), REPLY, text="Once only")

    assert len(events_of(beside)) == 1
    assert text_of(app).count("Once only") == 1


def test_the_browser_is_told_what_it_needs_to_count_segments_and_their_price(beside: Beside) -> None:
    assert beside.url
    box = find_box(open_thread(), REPLY)
    assert box is not None
    assert (box["sms"]["currency"], box["sms"]["price_micros"]) == ("AUD", 51_500)
    assert box["sms"]["capacity"] == {"GSM-7": [160, 153], "UCS-2": [70, 67]}
    assert box["draft"] == f"frontdesk.draft|mia@example.com|{MASSAGE}|{ANNA}|sms"


def test_where_it_stands_in_the_outbox_is_shown(beside: Beside) -> None:
    app = act(open_thread(), REPLY, text="Yes")
    [event] = events_of(beside)
    key = f"{MASSAGE}/manual/send_sms/{payload_of(event)['message_id']}"
    beside.outbox.enqueue([command(key, due_at=event.occurred_at)])
    beside.outbox.cancel([key], reason="STOP")
    assert beside.outbox.find(key)
    app.run()
    assert f":gray-badge[:material/block: {CommandState.CANCELLED.capitalize()}]" in text_of(app)


def test_a_template_is_rendered_for_the_contact_into_the_box(beside: Beside) -> None:
    assert beside.url
    app = open_thread()
    [templates] = [each for each in app.selectbox if each.label == "Template"]
    assert "Come back" in templates.options
    templates.select("come_back").run()
    box = find_box(app, REPLY)
    assert box is not None
    assert box["fill"]["values"]["text"] == "Anna, time for your next massage? Book at Harbour Massage."
    [templates] = [each for each in app.selectbox if each.label == "Template"]
    templates.select("reminder_24h").run()
    box = find_box(app, REPLY)
    assert box is not None
    assert "for your Deep tissue massage 90 min." in box["fill"]["values"]["text"]


def test_an_e_mail_has_its_subject(beside: Beside) -> None:
    app = open_thread()
    app.segmented_control[0].set_value("email").run()
    box = find_box(app, f"reply_email_{ANNA}")
    assert box is not None
    assert {field["name"]: field["needed"] for field in box["fields"]} == {
        "subject": "An e-mail needs a subject.",
        "text": "Write something first.",
    }
    act(app, f"reply_email_{ANNA}", subject="Your plan", text="See the attached plan")
    [event] = events_of(beside)
    assert (payload_of(event)["subject"], payload_of(event)["channel"]) == ("Your plan", "email")


def test_who_opted_out_gets_no_box(beside: Beside) -> None:
    assert beside.url
    app = open_thread(ANNA_TOO)
    assert re.match(r"\*\*Replied STOP\*\* (on|at) ", app.error[0].value)
    assert app.error[0].value.endswith("You can't text them unless they reply START.")
    assert find_box(app, f"reply_sms_{ANNA_TOO}") is None


def test_a_receiver_that_is_down_is_told_in_one_line(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    assert beside.url
    app = open_thread()
    monkeypatch.setenv("FRONTDESK_RECEIVER_PORT", "9")
    app.run()
    act(app, REPLY, text="Anybody there?")
    assert any("no receiver answers" in toast.value.replace("\\", "") for toast in app.toast)
    box = find_box(app, REPLY)
    assert box is not None
    assert (box["done"], box["refused"]) == ([], {"id": "draft-1", "attempt": 1})
