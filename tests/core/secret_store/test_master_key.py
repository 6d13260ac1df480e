"""The master key is read in two ways, opens only what is in its place, and is never shown."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.secret_store.master_key import (
    MasterKey,
    MasterKeys,
    SecretAddress,
    need_master_key,
    read_master_key,
)
from frontdesk.core.secrets import MASTER_KEY
from tests.core.secret_store.stores import KEY, OTHER_KEY, WITH_KEY

RAW = bytes(range(224, 256))
ADDRESS = SecretAddress("salon", "STRIPE_WEBHOOK_SECRET", 1)


def key_of(text: str) -> MasterKey | None:
    return read_master_key(MASTER_KEY, environ={"FRONTDESK_MASTER_KEY": text})


@pytest.mark.parametrize(
    "text",
    [b64encode(RAW).decode(), urlsafe_b64encode(RAW).decode(), RAW.hex(), RAW.hex().upper(), f" {RAW.hex()}\n"],
)
def test_base64_and_hex_are_the_same_key(text: str) -> None:
    key = key_of(text)
    assert key is not None
    assert key.key_id == MasterKey(RAW).key_id


@pytest.mark.parametrize(
    "text", ["short", "a" * 32, b64encode(RAW[:16]).decode(), RAW.hex()[:-2], "é" * 44, "=" * 44]
)
def test_what_is_no_key_is_told_in_one_line_without_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        key_of(text)
    assert caught.value.detail == (
        "FRONTDESK_MASTER_KEY: is not 32 bytes in base64 or hex; make one by: openssl rand -base64 32"
    )


def test_one_that_is_needed_and_not_set_is_told_with_how_to_make_one() -> None:
    with pytest.raises(ConfigurationError, match="FRONTDESK_MASTER_KEY: is not set; make one by: openssl rand"):
        need_master_key(MASTER_KEY, environ={})


@given(st.text())
def test_what_is_encrypted_is_opened_by_its_key_at_its_place_alone(value: str) -> None:
    key, other = MasterKey(RAW), MasterKey(RAW[::-1])
    sealed = key.encrypt(value, address=ADDRESS)

    assert key.decrypt(sealed, address=ADDRESS) == value
    assert key.encrypt(value, address=ADDRESS) != sealed, "each has a nonce of its own"
    for address in (
        ADDRESS._replace(tenant_id="bakery"),
        ADDRESS._replace(name="STRIPE_API_KEY"),
        ADDRESS._replace(value_number=2),
    ):
        with pytest.raises(ConfigurationError, match="its row is damaged, or another secret's"):
            key.decrypt(sealed, address=address)
    with pytest.raises(ConfigurationError, match="its row is damaged"):
        other.decrypt(sealed, address=ADDRESS)
    with pytest.raises(ConfigurationError, match="its row is damaged"):
        key.decrypt(
            sealed._replace(ciphertext=sealed.ciphertext[:-1] + bytes([sealed.ciphertext[-1] ^ 1])), address=ADDRESS
        )
    with pytest.raises(ConfigurationError, match="its row is damaged"):
        key.decrypt(sealed._replace(nonce=b""), address=ADDRESS)


def test_no_key_is_shown() -> None:
    keys = MasterKeys.read({"FRONTDESK_MASTER_KEY": KEY, "FRONTDESK_NEW_MASTER_KEY": OTHER_KEY})

    assert len(keys.keys) == 2
    assert repr(keys).count("MasterKey(") == 2
    for text in (KEY, KEY[:10], "0123456789", OTHER_KEY, OTHER_KEY[:10]):
        assert text not in repr(keys)


def test_what_another_key_encrypted_is_told_as_such() -> None:
    sealed = MasterKey(RAW).encrypt("whsec_1", address=ADDRESS)

    with pytest.raises(ConfigurationError, match="it is stored under another master key than FRONTDESK_MASTER_KEY"):
        MasterKeys.read(WITH_KEY).decrypt(sealed, address=ADDRESS)
    with pytest.raises(ConfigurationError, match="FRONTDESK_MASTER_KEY is not set; set the one that"):
        MasterKeys.read({}).decrypt(sealed, address=ADDRESS)
    with pytest.raises(ConfigurationError, match="FRONTDESK_MASTER_KEY: is not 32 bytes"):
        MasterKeys.read({"FRONTDESK_MASTER_KEY": "x"}).decrypt(sealed, address=ADDRESS)
    # A new key that is malformed takes nothing from what the old one opens.
    wrong_new = {"FRONTDESK_MASTER_KEY": RAW.hex(), "FRONTDESK_NEW_MASTER_KEY": "x"}
    assert MasterKeys.read(wrong_new).decrypt(sealed, address=ADDRESS) == "whsec_1"
