"""What is a phone number for certain, which one, and which are nobody's."""

from __future__ import annotations

import random
import re

import phonenumbers
import pytest

from frontdesk.core.phone import Phone, read_phone

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
    # Mobiles of Mexico had a 1 before them until 2019, which WhatsApp still writes; Argentina's have their 9.
    ("whatsapp:+5215551234568", "US", "+525551234568"),
    ("5215551234568", "MX", "+525551234568"),
    ("+52 1 33 1357 2469 ext 5", "US", "+523313572469;ext=5"),
    ("1 55 5123 4568", "MX", "+525551234568"),
    ("+52 55 5123 4568", "US", "+525551234568"),
    ("+54 9 11 3456 7881", "US", "+5491134567881"),
    ("011 15 3456 7881", "AR", "+5491134567881"),
    # Out of a spreadsheet or a data frame.
    ("491570156.0", "AU", "+61491570156"),
    ("0491570156.0", "AU", "+61491570156"),
    ("61491570156.00", "AU", "+61491570156"),
    ("+61491570156.0", "US", "+61491570156"),
    ("491570156,0", "AU", "+61491570156"),
    ("4045550142.0", "US", "+14045550142"),
    ("6.1491570156E10", "AU", "+61491570156"),
    ("6,1491570156e+10", "AU", "+61491570156"),
)
#: No number for certain: local, two numbers, foreign without a plus, too short, senders' names, words.
UNCERTAIN = (
    ("5550 0142", "AU"),
    ("555-0142", "US"),
    ("0491570156/0491570157", "AU"),
    ("0491 570 156 or 0491 570 157", "AU"),
    ("+1 404 555 0142, +1 404 555 0143", "US"),
    ("442079460958", "AU"),
    ("+5211111111111", "US"),
    ("+52155512345", "US"),
    ("14045550142", "AU"),
    ("0491 570 156 (Anna)", "AU"),
    ("000000", "AU"),
    ("19999", "AU"),
    ("MyBrand", "AU"),
    ("6.14916E+10", "AU"),
    ("6.1491570156E11", "AU"),
    ("12345.0", "AU"),
    ("491570156.5", "AU"),
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
    ("0411 111 111", "AU", "+61411111111"),
    ("0499 999 999", "AU", "+61499999999"),
    ("0422 222 222", "AU", "+61422222222"),
    ("0410 000 000", "AU", "+61410000000"),
    ("0412 345 678", "AU", "+61412345678"),
    ("0400 123 456", "AU", "+61400123456"),
    ("08 9999 9999", "AU", "+61899999999"),
    ("07111 111111", "GB", "+447111111111"),
    ("07700 123456", "GB", "+447700123456"),
    ("(11) 99999-9999", "BR", "+5511999999999"),
    ("021 111 1111", "NZ", "+64211111111"),
    ("021 123 4567", "NZ", "+64211234567"),
    ("123-123-1234", "US", "+11231231234"),
    ("404-234-5678", "US", "+14042345678"),
    ("0412 412 412", "AU", "+61412412412"),
    ("0404 040 404", "AU", "+61404040404"),
    ("0401 010 101", "AU", "+61401010101"),
    ("0498 765 432", "AU", "+61498765432"),
    ("07898 989898", "GB", "+447898989898"),
)
#: Few in a million: what is typed for want of a number has one key, or keys in their order.
_TYPED = re.compile(r"((\d)\2{6}|123456|1234567|2345678|345678|3456789)$")


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
        ("0412 345 687", "AU"),
        ("0404 040 405", "AU"),
        ("0498 765 423", "AU"),
        ("404-876-5432", "US"),
        ("0411 111 112", "AU"),
        ("0400 111 111", "AU"),
        ("0412 412 413", "AU"),
        ("404-212-3456", "US"),
        ("404-404-0142", "US"),
        ("800-555-1212", "US"),
        ("800-222-2222", "US"),
        ("1300 123 456", "AU"),
        ("1300 111 111", "AU"),
        ("020 7946 0123", "GB"),
        ("(08) 9000 0000", "AU"),
        ("+61400000001", "AU"),
    ],
)
def test_numbers_that_look_alike_are_somebody_s(text: str, region: str) -> None:
    phone = read_phone(text, region=region)
    assert phone is not None
    assert not phone.is_nobodys


def test_of_the_library_s_examples_only_typed_ones_are_nobody_s() -> None:
    """Many of them are 123456 by themselves, as 0412 345 678 is; no other is nobody's."""
    for region in phonenumbers.SUPPORTED_REGIONS:
        for type_ in phonenumbers.PhoneNumberType.values():
            example = phonenumbers.example_number_for_type(region, type_)
            phone = example and read_phone(
                phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164), region=region
            )
            if example and phone and phone.is_nobodys:
                digits = phonenumbers.national_significant_number(example)
                assert _TYPED.search(digits) or digits in "0123456789012345", phone


@pytest.mark.parametrize("prefix", ["+614", "+1404", "+447", "+55119"])
def test_of_any_numbers_next_to_none_is_nobody_s(prefix: str) -> None:
    lines = random.Random(prefix)
    numbers = [
        f"{prefix}{lines.randrange(10**8):08}"[: 12 if prefix in ("+614", "+1404") else 13] for _ in range(2_000)
    ]
    phones = [phone for number in numbers if (phone := read_phone(number, region="AU"))]
    assert len(phones) > 1_000
    assert not [phone for phone in phones if phone.is_nobodys]
