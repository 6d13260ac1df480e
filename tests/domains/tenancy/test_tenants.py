"""The tenants' files: the six that ship load, and each way to be wrong names file, key and remedy."""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from frontdesk.core.errors import ConfigurationError
from frontdesk.domains.identity.settings import DEFAULT_IDENTITY_RULES
from frontdesk.domains.sending.outbox.commands import Channel
from frontdesk.domains.sending.outbox.retry import DEFAULT_SCHEDULES
from frontdesk.domains.tenancy.tenant import load_tenant, load_tenants, read_tenant, read_tenants

TENANTS_DIR = Path(__file__).parents[3] / "tenants"
SLUGS = ("avatar-imaging", "hmnp", "joes-auto-spa", "mikes-detailing", "noizylab", "technifold")

VALID: dict[str, Any] = {
    "slug": "acme",
    "name": "Acme",
    "industry": "repairs",
    "zone": "Australia/Perth",
    "currency": "AUD",
    "country": "AU",
    "phone_calling_code": "61",
    "phone_trunk_prefix": "0",
    "email": "desk@acme.example",
    "phone": "+61855500199",
    "hours": {"monday": [{"opens": "09:00", "closes": "17:00"}]},
    "services": [{"key": "repair", "name": "Repair", "price": 89.00, "duration_minutes": 60}],
    "pipelines": [{"key": "job", "name": "Job", "stages": [{"key": "new", "name": "New"}]}],
    "sources": [{"name": "stripe", "secrets": ["STRIPE_WEBHOOK_SECRET"]}],
}

Change = Callable[[dict[str, Any]], object]


def _write(folder: Path, content: object, *, name: str = "acme.yaml") -> Path:
    file = folder / name
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return file


def _changed(change: Change) -> dict[str, Any]:
    content = copy.deepcopy(VALID)
    change(content)
    return content


@pytest.mark.parametrize("slug", SLUGS)
def test_each_shipped_file_loads(slug: str) -> None:
    tenant = load_tenant(TENANTS_DIR / f"{slug}.yaml")

    assert tenant.slug == slug
    assert ZoneInfo(tenant.zone)
    assert tenant.services
    assert tenant.sources
    assert all(hours for hours in tenant.hours.values())


def test_the_folder_holds_the_six_businesses() -> None:
    assert tuple(load_tenants(TENANTS_DIR)) == SLUGS


def test_prices_are_those_of_the_businesses_documents() -> None:
    tenants = load_tenants(TENANTS_DIR)

    def prices(slug: str) -> dict[str, Decimal]:
        return {service.key: service.price for service in tenants[slug].services}

    assert prices("noizylab")["base_repair"] == Decimal("89.00")
    assert prices("hmnp") == {
        "standard_notary": 75,
        "extended_hours": 100,
        "loan_signing": 150,
        "ron_acknowledgment": 35,
        "ron_oath": 35,
    }
    surcharges = {surcharge.key: (surcharge.price, surcharge.unit) for surcharge in tenants["hmnp"].surcharges}
    assert surcharges == {
        "weekend": (40, "booking"),
        "after_hours": (30, "booking"),
        "emergency": (50, "booking"),
        "travel": (Decimal("0.5"), "mile"),
    }
    assert tenants["hmnp"].tax_rate_percent == Decimal("8.25")


def test_a_source_is_found_by_name_and_absent_ones_are_none() -> None:
    tenant = load_tenant(TENANTS_DIR / "technifold.yaml")

    found = tenant.find_source("zoho")
    assert found is not None
    assert found.secrets == ("ZOHO_WEBHOOK_SECRET",)
    assert tenant.find_source("twilio") is None


def test_the_valid_example_of_these_tests_is_valid(tmp_path: Path) -> None:
    assert load_tenant(_write(tmp_path, VALID)).slug == "acme"


@pytest.mark.parametrize(
    ("change", "key", "remedy"),
    [
        pytest.param(lambda c: c.pop("zone"), "zone", "is missing; add it", id="missing"),
        pytest.param(
            lambda c: c.update(timezone="UTC"), "timezone", "is not a known key; remove it", id="unknown key"
        ),
        pytest.param(lambda c: c.update(zone="Mars/Olympus"), "zone", "such as Australia/Perth", id="zone"),
        pytest.param(lambda c: c.update(currency="aud"), "currency", "is 'aud'; write it in the form", id="currency"),
        pytest.param(lambda c: c.update(country=False), "country", "is False; write it as text, in quotes", id="NO"),
        pytest.param(lambda c: c.update(email="desk"), "email", "is 'desk'; write it in the form", id="email"),
        pytest.param(lambda c: c.update(phone="08 5550 0199"), "phone", "write it in the form", id="phone"),
        pytest.param(lambda c: c.update(plan="gold"), "plan", "use one of 'starter', 'pro' or 'teams'", id="plan"),
        pytest.param(lambda c: c.update(tax_rate_percent=120), "tax_rate_percent", "is 120", id="tax"),
        pytest.param(lambda c: c.update(services=[]), "services", "at least 1 item", id="no services"),
        pytest.param(lambda c: c["services"][0].update(price=-1), "services.0.price", "is -1", id="negative price"),
        pytest.param(
            lambda c: c["services"].append(dict(c["services"][0])),
            "services",
            "given twice: repair; keep one of each",
            id="service twice",
        ),
        pytest.param(
            lambda c: c["pipelines"][0]["stages"].append({"key": "new", "name": "Again"}),
            "pipelines.job.stages",
            "given twice: new; keep one of each",
            id="stage twice",
        ),
        pytest.param(
            lambda c: c["hours"].update(funday=[]), "hours.funday", "use one of 'monday'", id="unknown weekday"
        ),
        pytest.param(
            lambda c: c["hours"]["monday"][0].update(closes="08:00"),
            "hours.monday.0",
            "closes must be later than opens",
            id="closes before opening",
        ),
        pytest.param(
            lambda c: c["hours"]["monday"][0].update(closes=1020),
            "hours.monday.0.closes",
            'write it in quotes, such as "17:00"',
            id="unquoted time",
        ),
        pytest.param(
            lambda c: c["sources"][0].update(name="paypal"), "sources.0.name", "use one of 'clicksend'", id="source"
        ),
        pytest.param(
            lambda c: c["sources"][0].update(secrets=[]), "sources.0.secrets", "write names", id="no secret names"
        ),
        pytest.param(
            lambda c: c["sources"][0].update(secrets=["TWILIO_AUTH_TOKEN"]),
            "sources.0",
            "TWILIO_AUTH_TOKEN must begin with STRIPE_",
            id="another source's secret",
        ),
        pytest.param(
            lambda c: c.update(
                identity=[{"identifier": "phone", "use": "strong"}, {"identifier": "email", "use": "strong"}]
            ),
            "identity",
            "only one identifier can be strong; make the others link",
            id="two strong identifiers",
        ),
        pytest.param(
            lambda c: c.update(delivery={"sms": {"provider": "twilio", "from": "Acme"}}),
            "delivery.sms",
            "Twilio needs a number in E.164",
            id="a name as Twilio's sender",
        ),
        pytest.param(
            lambda c: c.update(delivery={"email": {"provider": "smtp", "from": "desk@acme.example"}}),
            "delivery.email",
            "smtp needs the server's name",
            id="smtp without a host",
        ),
        pytest.param(
            lambda c: c.update(delivery={"email": {"provider": "graph", "from": "a@acme.example", "host": "mail"}}),
            "delivery.email",
            "graph has one address for all",
            id="graph with a host",
        ),
        pytest.param(
            lambda c: c.update(delivery={"quiet_hours": {"from": "08:00", "until": "08:00"}}),
            "delivery.quiet_hours",
            "from and until are the same",
            id="quiet hours without length",
        ),
        pytest.param(
            lambda c: c.update(delivery={"quiet_hours": {"from": 1260}}),
            "delivery.quiet_hours.from",
            "write it in quotes",
            id="quiet hours without quotes",
        ),
        pytest.param(
            lambda c: c.update(delivery={"retries": {"pigeon": {"minutes": [5]}}}),
            "delivery.retries.pigeon",
            "sms",
            id="retries of no channel",
        ),
    ],
)
def test_each_mistake_names_file_key_and_remedy(tmp_path: Path, change: Change, key: str, remedy: str) -> None:
    file = _write(tmp_path, _changed(change))

    with pytest.raises(ConfigurationError) as raised:
        load_tenant(file)

    line = next(line for line in raised.value.detail.splitlines() if key in line)
    assert line.startswith(f"{file}: ")
    assert remedy in line


def test_a_pasted_secret_is_refused_and_never_repeated(tmp_path: Path) -> None:
    file = _write(tmp_path, _changed(lambda c: c["sources"][0].update(secrets=["whsec_supersecret"])))

    with pytest.raises(ConfigurationError, match=r"sources\.0\.secrets\.0: .*the secrets themselves") as raised:
        load_tenant(file)

    assert "supersecret" not in raised.value.detail


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    file = _write(tmp_path, _changed(lambda c: c.update(zone="Nowhere", currency="dollars")))

    with pytest.raises(ConfigurationError) as raised:
        load_tenant(file)

    assert len(raised.value.detail.splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "not readable as YAML"),
        ("- a list", "must be a mapping of keys"),
        ("", "must be a mapping of keys"),
        ("slug: acme\nslug: other\n", "key 'slug' is given twice; keep one of each"),
    ],
)
def test_files_that_are_no_mapping_say_so(tmp_path: Path, text: str, problem: str) -> None:
    file = _write(tmp_path, text)

    with pytest.raises(ConfigurationError, match=problem) as raised:
        load_tenant(file)

    assert str(file) in raised.value.detail


def test_a_file_that_is_not_there_is_told_as_that(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"acme\.yaml: not readable: No such file or directory; check the path"
    ):
        read_tenant(tmp_path / "acme.yaml")


def test_a_file_must_be_named_after_its_slug(tmp_path: Path) -> None:
    file = _write(tmp_path, VALID, name="other.yaml")

    with pytest.raises(ConfigurationError, match="rename the file or set the slug to 'other'"):
        load_tenant(file)


def test_an_empty_folder_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"put one <slug>\.yaml per business there"):
        load_tenants(tmp_path)


def test_a_wrong_file_stops_its_own_businesss_rules_alone(tmp_path: Path) -> None:
    rule = {"id": "hello", "when": "no.such_fact"}
    _write(tmp_path, _changed(lambda content: content.update(rules=[rule])))
    _write(tmp_path, VALID | {"slug": "other", "name": "Other"}, name="other.yaml")

    tenants, wrong = read_tenants(tmp_path)

    assert set(tenants) == {"acme", "other"}
    assert tenants["acme"].rules == ()
    assert [source.name for source in tenants["acme"].sources] == ["stripe"]
    assert set(wrong) == {"acme"}
    assert "acme.yaml: rules.0.when" in wrong["acme"]
    with pytest.raises(ConfigurationError):
        load_tenant(tmp_path / "acme.yaml")


@pytest.mark.parametrize(
    "key", ["delivery", "templates", "endpoints", "reports", "warmness", "priority", "attribution"]
)
def test_what_is_wrong_in_a_part_that_can_be_left_out_leaves_out_no_more_than_needed(
    tmp_path: Path, key: str
) -> None:
    _write(tmp_path, _changed(lambda content: content.update({key: {"no_such_key": 1}})))

    tenants, wrong = read_tenants(tmp_path)

    assert tenants["acme"].name == "Acme"
    assert f"acme.yaml: {key}" in wrong["acme"]


_WRONG_ALONE: dict[str, Any] = {
    "alerts": {"email": ["nobody"]},
    "reports": {"recipients": ["nobody"]},
    "surcharges": [{"key": "late"}],
    "tax_rate_percent": 900,
    "warmness": {"no_such_key": 1},
    "sms_prices": 1,
    "plan": "free",
    "phone": "0855 500 100",
    "delivery": {"sms": {"provider": "twilio", "from": "+61855500177"}, "no_such_key": 1},
}
_FACTS: dict[str, Any] = {
    "decimal_mark": ",",
    "opt_out": {"languages": ["vi"], "cancel_is_stop": ["clicksend"]},
    "all_day_time": "07:30",
    "tax_rate_percent": 10,
    "surcharges": [{"key": "late", "name": "Late", "price": 5}],
    "phone": "+61855500100",
    "delivery": {"sms": {"provider": "twilio", "from": "+61855500177"}},
}


@pytest.mark.parametrize("key", _WRONG_ALONE)
def test_a_wrong_value_leaves_out_its_own_key_and_facts_are_read_as_before(tmp_path: Path, key: str) -> None:
    _write(tmp_path, VALID | _FACTS)
    before = read_tenants(tmp_path).tenants["acme"]
    _write(tmp_path, VALID | _FACTS | {key: _WRONG_ALONE[key]})

    tenants, wrong = read_tenants(tmp_path)

    assert set(wrong) == {"acme"}
    after = tenants["acme"]
    kept = ("decimal_mark", "opt_out", "all_day_time", "tax_rate_percent", "surcharges", "delivery", "phone")
    assert [name for name in kept if getattr(after, name) != getattr(before, name)] in ([], [key])
    assert [after.nobodys_values(rule) for rule in after.identity] == [
        before.nobodys_values(rule) for rule in before.identity
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("decimal_mark", ";"),
        ("opt_out", {"languages": ["klingon"]}),
        ("opt_out", {"lanugages": ["vi"]}),
        ("all_day_time", 730),
        ("identity", [{"identifier": "phone", "use": "sometimes"}]),
        ("decimal_marc", ","),
    ],
)
def test_where_facts_would_be_read_by_a_default_that_the_file_contradicts_none_are(
    tmp_path: Path, key: str, value: object
) -> None:
    _write(tmp_path, VALID | {key: value, "alerts": {"email": ["nobody"]}})
    _write(tmp_path, VALID | {"slug": "other"}, name="other.yaml")
    tenants, wrong = read_tenants(tmp_path)
    assert (set(tenants), set(wrong)) == ({"other"}, {"acme"})
    assert f"acme.yaml: {key}" in wrong["acme"]


@pytest.mark.parametrize(
    "content",
    [
        "slug: [",
        "just text",
        "a: &a [*a]",
        "[" * 5_000,
        VALID | {"zone": "Mars/Olympus"},
        VALID | {"slug": "elsewhere"},
    ],
    ids=["no YAML", "no mapping", "itself", "deep", "no zone", "another slug"],
)
def test_a_file_of_which_nothing_helps_stops_its_own_business_alone(tmp_path: Path, content: object) -> None:
    _write(tmp_path, content)
    _write(tmp_path, VALID | {"slug": "other"}, name="other.yaml")

    tenants, wrong = read_tenants(tmp_path)

    assert set(tenants) == {"other"}
    assert set(wrong) == {"acme"}


def test_where_no_file_can_be_used_each_is_told(tmp_path: Path) -> None:
    _write(tmp_path, "slug: [")
    with pytest.raises(ConfigurationError, match=r"acme\.yaml: not readable as YAML"):
        load_tenants(tmp_path)


def test_each_business_sends_by_its_own_providers() -> None:
    deliveries = {slug: tenant.delivery for slug, tenant in load_tenants(TENANTS_DIR).items()}

    providers = {
        slug: (delivery.provider_of(Channel.SMS), delivery.provider_of(Channel.EMAIL))
        for slug, delivery in deliveries.items()
    }
    assert providers == {
        "avatar-imaging": ("clicksend", "smtp"),
        "hmnp": ("twilio", "smtp"),
        "joes-auto-spa": ("twilio", "smtp"),
        "mikes-detailing": ("twilio", "smtp"),
        "noizylab": ("twilio", "graph"),
        "technifold": (None, "smtp"),
    }


def test_technifold_waits_as_its_document_says_and_others_as_usual() -> None:
    tenants = load_tenants(TENANTS_DIR)

    own = tenants["technifold"].delivery.schedule_of(Channel.EMAIL)

    assert [delay.total_seconds() / 60 for delay in own.delays] == [5, 10, 20, 40, 80]
    assert own.max_attempts == 5
    assert tenants["hmnp"].delivery.schedule_of(Channel.EMAIL) is DEFAULT_SCHEDULES[Channel.EMAIL]


def test_a_tenant_sends_by_the_number_that_it_receives_at() -> None:
    for tenant in load_tenants(TENANTS_DIR).values():
        sms = tenant.delivery.sms
        source = tenant.find_source(sms.provider) if sms else None
        assert sms is None or (source is not None and source.settings["phone_number"] == sms.sender)


def _rules(tmp_path: Path, identity: object) -> dict[str, str]:
    tenant = load_tenant(_write(tmp_path, VALID | {"identity": identity}))
    return {rule.identifier: rule.use for rule in tenant.identity}


def test_own_identity_rules_add_to_the_usual_ones(tmp_path: Path) -> None:
    usual = {rule.identifier: rule.use for rule in DEFAULT_IDENTITY_RULES}
    assert _rules(tmp_path, [{"identifier": "email", "use": "ignore"}]) == usual | {"email": "ignore"}
    alone = {"replace": True, "rules": [{"identifier": "phone", "use": "strong"}]}
    assert _rules(tmp_path, alone) == {"phone": "strong"}
    with pytest.raises(ConfigurationError, match=r"identity: .*\{replace: true, rules: \[...\]\}"):
        _rules(tmp_path, {"rules": []})


def test_nobody_s_values_are_named_as_people_write_them(tmp_path: Path) -> None:
    rules = [
        {"identifier": "phone", "use": "strong", "ignored_values": ["(08) 5550 0100"]},
        {"identifier": "email", "use": "link", "ignored_values": ["Desk <Front@Acme.example>"]},
        {"identifier": "external_id", "use": "link", "ignored_values": ["FRONT-DESK"]},
    ]
    tenant = load_tenant(_write(tmp_path, VALID | {"identity": rules}))
    values = {rule.identifier: tenant.nobodys_values(rule) for rule in tenant.identity}
    assert values["phone"] == ["+61855500100", "+61855500199"], "and the business's own"
    assert values["email"] == ["desk@acme.example", "front@acme.example"]
    assert {"frontdesk", "walkin"} <= set(values["external_id"])
    assert "walkin" in values["wix_contact"]


def test_languages_of_consent_are_the_country_s_unless_named(tmp_path: Path) -> None:
    assert load_tenant(_write(tmp_path, VALID | {"country": "CA"})).spoken_languages() == ("en", "fr")
    own = VALID | {"opt_out": {"languages": ["en", "zh"]}}
    assert load_tenant(_write(tmp_path, own)).spoken_languages() == ("en", "zh")
    with pytest.raises(ConfigurationError, match=r"country: .* no country with phone numbers"):
        load_tenant(_write(tmp_path, VALID | {"country": "XX"}))
