"""What a reply says of consent, as people and their phones write it, by language."""

from __future__ import annotations

import pytest

from core.reply_words import read_reply

#: Reply, languages of the business, what it says.
REPLIES = (
    ("STOP", "en", "STOP"),
    ("\u201cSTOP\u201d", "en", "STOP"),
    ("\u2018stop\u2019", "en", "STOP"),
    ("STOP \U0001f64f", "en", "STOP"),
    ("stop\ufe0f \U0001f6d1", "en", "STOP"),
    ("Stop\u200b", "en", "STOP"),
    ("STOP!!!", "en", "STOP"),
    ("STOP\u00a0", "en", "STOP"),
    ("Stop\u2026", "en", "STOP"),
    ("\uff33\uff34\uff2f\uff30", "en", "STOP"),
    ("st\u00f3p", "en", "STOP"),
    ("S.T.O.P", "en", "STOP"),
    ("STOP stop stop", "en", "STOP"),
    ("Stop please", "en", "STOP"),
    ("Stop \u2014 thanks!", "en", "STOP"),
    ("STOP\n\nSent from my iPhone", "en", "STOP"),
    ("STOP\n--\nAna Lee\n+61 491 570 156", "en", "STOP"),
    ("Stop\nDan", "en", "STOP"),
    ("stop\r\n> On Tue, the clinic wrote:\r\n> see you", "en", "STOP"),
    ("Opt-Out", "en", "STOP"),
    ("<p>Unsubscribe</p>", "en", "STOP"),
    ("STOP ALL", "en", "STOP"),
    ("unsubscribe me", "en", "STOP"),
    ("Please stop texting me", "en", "STOP"),
    ("Don\u2019t text me again", "en", "STOP"),
    ("Remove me from your list", "en", "STOP"),
    ("Arr\u00eater", "en,fr", "STOP"),
    ("ARRET", "fr", "STOP"),
    ("Arr\u00eater", "en", "MAYBE_STOP"),
    ("alto", "en,es", "STOP"),
    ("\u9000\u8ba2", "zh", "STOP"),
    ("\u062a\u0648\u0642\u0641", "ar", "STOP"),
    ("Stopp", "de", "STOP"),
    ("START", "en", "START"),
    ("unstop", "en", "START"),
    ("HELP", "en", "HELP"),
    ("aide", "fr", "HELP"),
    ("Cancel", "en", "CANCEL"),
    ("cancel please", "en", "CANCEL"),
    ("Annuler", "fr", "CANCEL"),
    ("can you stop these messages?", "en", "MAYBE_STOP"),
    ("STOP sending me this crap", "en", "MAYBE_STOP"),
    ("Stop, I moved away", "en", "MAYBE_STOP"),
    ("wrong number", "en", "MAYBE_STOP"),
    ("\U0001f6d1", "en", "MAYBE_STOP"),
    ("Please stop by at ten", "en", None),
    ("The pain did not stop", "en", None),
    ("Please cancel my appointment", "en", None),
    ("weekend", "en", None),
    ("YES", "en", None),
    ("Sent from my iPhone", "en", None),
    ("", "en", None),
    ("\U0001f64f", "en", None),
)


@pytest.mark.parametrize(("text", "languages", "says"), REPLIES)
def test_a_reply_is_read_as_it_is_meant(text: str, languages: str, says: str | None) -> None:
    assert read_reply(text, languages=languages.split(",")) == says


def test_a_long_message_is_read_at_once() -> None:
    assert read_reply("a b " * 50_000, languages=["en"]) is None
