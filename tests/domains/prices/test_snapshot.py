"""What was told as a price proves itself on any day: one spelling, one digest, its own rules computed again."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import pytest

from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.asked import CodeUses
from frontdesk.domains.prices.canonical_json import canonical_json, digest_of
from frontdesk.domains.prices.errors import PriceChangedError, QuoteNotGenuineError
from frontdesk.domains.prices.quotes import agree
from frontdesk.domains.prices.rules import PriceRules
from frontdesk.domains.prices.snapshot import QuotedPrice, find_contradictions, has_expired, take_snapshot
from tests.domains.prices.businesses import asked_for, notary, small_rules

ASKED_AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def quoted() -> QuotedPrice:
    asked = asked_for(
        "loan_signing",
        starts_at="2026-06-06T18:00:00-05:00",
        distance_miles="31.5",
        promo_code="welcome10",
        by_person=0,
    )
    return take_snapshot(notary(), asked, quote_id="q1", tenant_id="hmnp", version=None)


def test_the_digest_is_of_json_with_sorted_keys_and_no_blanks(quoted: QuotedPrice) -> None:
    text = json.dumps(quoted.content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert canonical_json(quoted.content) == text.encode()
    assert quoted.sha256 == sha256(text.encode()).hexdigest()


def test_the_digest_outlives_being_kept_and_read(quoted: QuotedPrice) -> None:
    kept = orjson.loads(orjson.dumps(dict(reversed(list(quoted.content.items())))))

    assert digest_of(kept) == quoted.sha256
    assert list(find_contradictions(QuotedPrice(content=kept, sha256=quoted.sha256))) == []


def test_a_number_with_a_fraction_has_no_place_in_it() -> None:
    with pytest.raises(ValueError, match="write it as text"):
        canonical_json({"miles": [1, {"far": 0.1}]})


def test_nobody_is_named_in_it(quoted: QuotedPrice) -> None:
    assert "contact" not in json.dumps(quoted.content)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda content: content["quote"].update(total_minor=1), ["it was changed", "in USD minor units"]),
        (lambda content: content["rules"].update(tax_rate_percent="0"), ["it was changed", "by its own rules"]),
        (lambda content: content["asked"].update(asked_at="2026-06-06T22:00:00Z"), ["it was changed", "by its own"]),
        (lambda content: content["asked"]["request"].pop("distance_miles"), ["it was changed", "it has no price"]),
        (lambda content: content.update(expires_at="2027-01-01T00:00:00Z"), ["it was changed"]),
        (lambda content: content.update(engine=2), ["it was changed", "it can't be read: engine"]),
        (lambda content: content["quote"].update(total_minor=1.5), ["it was changed: 1.5 has many spellings"]),
    ],
)
def test_whatever_is_changed_shows(quoted: QuotedPrice, change: Change, told: list[str]) -> None:
    content: dict[str, Any] = copy.deepcopy(dict(quoted.content))
    change(content)

    found = list(find_contradictions(QuotedPrice(content=content, sha256=quoted.sha256)))

    assert len(found) == len(told)
    assert all(words in each for words, each in zip(told, found, strict=True)), found


def test_who_changes_the_digest_too_is_found_by_computing_it_again(quoted: QuotedPrice) -> None:
    content: dict[str, Any] = copy.deepcopy(dict(quoted.content))
    content["quote"]["total_minor"] -= 100
    content["quote"]["lines"][0]["total_minor"] -= 100

    [found] = find_contradictions(QuotedPrice(content=content, sha256=digest_of(content)))

    assert found.startswith("by its own rules it comes to ")


def test_a_line_that_was_given_more_of_the_tax_is_found(quoted: QuotedPrice) -> None:
    content: dict[str, Any] = copy.deepcopy(dict(quoted.content))
    first, second, *_ = content["quote"]["lines"]
    for line, cents in ((first, 5), (second, -5)):
        line["tax_minor"] += cents
        line["total_minor"] += cents

    found = find_contradictions(QuotedPrice(content=content, sha256=digest_of(content)))

    assert list(found) == ["by its own rules its lines are others than were told"]


class Counter:
    """Uses of a code, as a test says."""

    def __init__(self, uses: CodeUses | None = None) -> None:
        self._uses = uses or CodeUses(in_all=0, by_person=0)

    def count(self, code: str, *, contact: ContactPayload | None) -> CodeUses:
        del code, contact
        return self._uses


def agreed(quoted: QuotedPrice, *, after: timedelta, rules: PriceRules, uses: CodeUses | None = None) -> QuotedPrice:
    return agree(
        quoted,
        rules=rules,
        version=None,
        now=ASKED_AT + after,
        counter=Counter(uses),
        contact=None,
        new_quote_id="q2",
    )


DEARER = {"services": [{"key": "visit", "name": "Visit", "price": "120"}]}
HALF_AN_HOUR, DAY = timedelta(minutes=30), timedelta(days=1)


def told(**rules: Any) -> QuotedPrice:
    return take_snapshot(small_rules(**rules), asked_for("visit"), quote_id="q1", tenant_id="salon", version=None)


def test_a_price_holds_until_it_expires_whatever_the_list_says_by_then() -> None:
    quoted = told()

    assert agreed(quoted, after=HALF_AN_HOUR, rules=small_rules(**DEARER)) is quoted
    assert not has_expired(quoted.read(), now=ASKED_AT + HALF_AN_HOUR)
    assert has_expired(quoted.read(), now=ASKED_AT + HALF_AN_HOUR + timedelta(microseconds=1))


def test_a_price_that_is_over_is_told_anew_if_it_is_the_same() -> None:
    anew = agreed(told(), after=DAY, rules=small_rules(tax_rate_percent=0)).read()

    assert (anew.quote_id, anew.quote.total_minor) == ("q2", 10000)
    assert anew.expires_at == ASKED_AT + DAY + HALF_AN_HOUR


def test_a_price_that_is_over_and_another_by_now_is_refused_with_both() -> None:
    quoted = told()

    with pytest.raises(PriceChangedError) as refused:
        agreed(quoted, after=DAY, rules=small_rules(**DEARER))

    now: Any = refused.value.members["now"]
    assert refused.value.http_status == 409
    assert refused.value.members["quoted"] == quoted.content
    assert now["quote"]["total_minor"] == 12000


def test_a_price_that_is_over_and_has_none_by_now_is_refused() -> None:
    gone = {"services": [{"key": "other", "name": "Other", "price": "1"}]}

    with pytest.raises(PriceChangedError, match="and there is none now: items") as refused:
        agreed(told(), after=DAY, rules=small_rules(**gone))

    assert refused.value.members["now"] is None


def test_a_code_that_others_used_up_meanwhile_counts_no_more() -> None:
    rules = small_rules(promo_codes=[{"code": "TEN", "name": "Ten", "percent": 10, "uses": 1}])
    asked = asked_for("visit", promo_code="TEN")
    quoted = take_snapshot(rules, asked, quote_id="q1", tenant_id="salon", version=None)

    assert agreed(quoted, after=HALF_AN_HOUR, rules=rules) is quoted
    with pytest.raises(PriceChangedError, match="used 1 times"):
        agreed(quoted, after=HALF_AN_HOUR, rules=rules, uses=CodeUses(in_all=1))


def test_what_was_not_told_is_not_agreed_to() -> None:
    quoted = told()
    content: dict[str, Any] = copy.deepcopy(dict(quoted.content))
    content["quote"]["total_minor"] = 1

    with pytest.raises(QuoteNotGenuineError, match="it was changed"):
        agreed(QuotedPrice(content=content, sha256=quoted.sha256), after=HALF_AN_HOUR, rules=small_rules())
