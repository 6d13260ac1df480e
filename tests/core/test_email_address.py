"""What is an e-mail address for certain, which one, and which are nobody's."""

from __future__ import annotations

import pytest

from frontdesk.core.email_address import read_email

EMAILS = (
    ("Ann.Lee@Example.com", "ann.lee@example.com"),
    ("a@x.com,", "a@x.com"),
    ("<a@x.com>", "a@x.com"),
    ("mailto:a@x.com", "a@x.com"),
    ("MAILTO:a@x.com?subject=Hi", "a@x.com"),
    ("<mailto:a@x.com>", "a@x.com"),
    ("a@x.com.", "a@x.com"),
    ("Eve <eve@x.com>", "eve@x.com"),
    ('"Lee, Eve" <eve@x.com>', "eve@x.com"),
    ("a@x.com <a@x.com>", "a@x.com"),
    ("a@x.com (work)", "a@x.com"),
    ("'a@x.com'", "a@x.com"),
    ("\u201ca@x.com\u201d", "a@x.com"),
    (" a@x.com \t", "a@x.com"),
    ("a@x.com\u200b", "a@x.com"),
    ("a\uff20x.com", "a@x.com"),
    ("hal.lee+promo@x.com", "hal.lee+promo@x.com"),
    ("o'neil@x.com", "o'neil@x.com"),
    ("ann@b\u00fccher.de", "ann@xn--bcher-kva.de"),
    ("ann@xn--bcher-kva.de", "ann@xn--bcher-kva.de"),
    ("a@x.com;b@x.com", None),
    ("a@x.com b@x.com", None),
    ("a@x.com <b@x.com>", None),
    ("a@x.com or ask Bob", None),
    ("a @ x.com", None),
    ("a@x", None),
    ("a@localhost", None),
    ("a@192.168.0.1", None),
    ("a..b@x.com", None),
    ("a@x..com", None),
    ("a@-x.com", None),
    ("@x.com", None),
    ("n/a", None),
    ("", None),
    ("a" * 65 + "@x.com", None),
)


@pytest.mark.parametrize(("text", "address"), EMAILS)
def test_an_address_is_read_without_what_stands_around_it(text: str, address: str | None) -> None:
    email = read_email(text)
    assert (email and email.address) == address
    if email is not None:
        assert read_email(email.address) == email, "what is kept is read as what it was"
        assert not email.is_nobodys


@pytest.mark.parametrize(
    "text",
    [
        "noemail@clinic.example",
        "no-email@gmail.com",
        "None@None.com",
        "test@test.com",
        "a@a.com",
        "no-reply@shop.com",
        "x@noemail.com",
        "123@123.com",
        "declined@declined.com",
        "Refused@refused.com.au",
        "no@email.com",
        "n/a@gmail.com",
        "dont.have@gmail.com",
        "i.dont.have.one@gmail.com",
        "ana@declined.com",
        "not_given@clinic.example",
        "xxx@xxx.com",
        "1234@hotmail.com",
        "asdf@asdf.com",
        "none@nomail.co.uk",
    ],
)
def test_what_is_typed_for_want_of_an_address_is_nobody_s(text: str) -> None:
    email = read_email(text)
    assert email is not None
    assert email.is_nobodys


@pytest.mark.parametrize(
    "text",
    [
        "bond@bond.com",
        "na@qq.com",
        "test.pilot@x.com",
        "ann@testing.com",
        "info@info.com.au",
        "no@smith.no",
        "xx@qq.com",
        "123@qq.com",
        "nina@none-such.com",
        "declan@gmail.com",
        "me@123.com",
        "donth@gmail.com",
    ],
)
def test_addresses_that_look_alike_are_somebody_s(text: str) -> None:
    email = read_email(text)
    assert email is not None
    assert not email.is_nobodys
