"""What is a phone number for certain, which one, and which are nobody's."""

from __future__ import annotations

import pytest

from core.phone import Phone, read_phone

#: Text, region, number with its extension.
CERTAIN = (
    ("(08) 5550 0142 ext 12", "AU", "+61855500142;ext=12"),
    ("0491 570 156 x3", "AU", "+61491570156;ext=3"),
    ("(404) 555-0142 x12", "US", "+14045550142;ext=12"),
    ("404-555-0142 #5", "US", "+14045550142;ext=5"),
    ("+14045550142;ext=89", "US", "+14045550142;ext=89"),
    ("tel:+1-404-555-0142", "AU", "+14045550142"),
    ("whatsapp:+61491570156", "US", "+61491570156"),
    ("0011 44 20 7946 0958", "AU", "+442079460958"),
    ("011 44 20 7946 0958", "US", "+442079460958"),
    ("00 44 20 7946 0958", "DE", "+442079460958"),
    ("00 44 20 7946 0958", "AU", "+442079460958"),
    ("0061 491 570 156", "US", "+61491570156"),
    ("+61 (0)491 570 156", "AU", "+61491570156"),
    ("61491570156", "AU", "+61491570156"),
    ("491 570 156", "AU", "+61491570156"),
    ("1-800-FLOWERS", "US", "+18003569377"),
    ("1 404 555 0142", "US", "+14045550142"),
    ("\uff10\uff14\uff19\uff11\u3000\uff15\uff17\uff10\u3000\uff11\uff14\uff11", "AU", "+61491570141"),
    ("\u0660\u0664\u0669\u0661\u0665\u0667\u0660\u0661\u0664\u0662", "AU", "+61491570142"),
    ("\uff0b61 491 570 143", "AU", "+61491570143"),
    ("0491\u00a0570\u2011144", "AU", "+61491570144"),
    ("\u202a+61 491 570 144\u202c", "AU", "+61491570144"),
)
#: No number for certain: local, two numbers, foreign without a plus, too short, senders' names, words.
UNCERTAIN = (
    ("5550 0142", "AU"),
    ("555-0142", "US"),
    ("0491570156/0491570157", "AU"),
    ("0491 570 156 or 0491 570 157", "AU"),
    ("+1 404 555 0142, +1 404 555 0143", "US"),
    ("442079460958", "AU"),
    ("14045550142", "AU"),
    ("0491 570 156 (Anna)", "AU"),
    ("000000", "AU"),
    ("19999", "AU"),
    ("MyBrand", "AU"),
    ("private", "AU"),
    ("+0491570156", "AU"),
    ("00 00 0000", "AU"),
    ("", "AU"),
    ("1" * 400, "AU"),
)
#: Text, region, what is typed for want of a number.
PLACEHOLDERS = (
    ("0400 000 000", "AU", "+61400000000"),
    ("+61400000000", "US", "+61400000000"),
    ("0000000000", "AU", "+61000000000"),
    ("555-555-5555", "US", "+15555555555"),
    ("713-555-5555", "US", "+17135555555"),
    ("713-555-1212", "US", "+17135551212"),
    ("713 000 0000", "US", "+17130000000"),
    ("(000) 000-0000", "US", "+10000000000"),
    ("999-999-9999", "US", "+19999999999"),
    ("1234567890", "US", "+11234567890"),
    ("01234 567890", "GB", "+441234567890"),
    ("07000 000000", "GB", "+447000000000"),
)


@pytest.mark.parametrize(("text", "region", "number"), CERTAIN)
def test_a_number_is_read_with_its_extension_apart(text: str, region: str, number: str) -> None:
    phone = read_phone(text, region=region)
    assert phone is not None
    assert (phone.with_extension, phone.e164, phone.is_nobodys) == (number, number.partition(";")[0], False)
    assert read_phone(phone.with_extension, region="FR") == phone, "what is kept is read as what it was"


@pytest.mark.parametrize(("text", "region"), UNCERTAIN)
def test_what_is_not_certain_is_none(text: str, region: str) -> None:
    assert read_phone(text, region=region) is None


@pytest.mark.parametrize(("text", "region", "number"), PLACEHOLDERS)
def test_what_is_typed_for_want_of_a_number_is_nobody_s(text: str, region: str, number: str) -> None:
    assert read_phone(text, region=region) == Phone(number, is_nobodys=True)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("0412 345 678", "AU"),
        ("0411 111 111", "AU"),
        ("800-555-1212", "US"),
        ("(08) 9000 0000", "AU"),
        ("+61400000001", "AU"),
    ],
)
def test_numbers_that_look_alike_are_somebody_s(text: str, region: str) -> None:
    phone = read_phone(text, region=region)
    assert phone is not None
    assert not phone.is_nobodys
