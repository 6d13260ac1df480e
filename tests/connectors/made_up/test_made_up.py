"""A provider is a folder: it receives, is named and sends without a change of anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.parts.formatting import format_source
from frontdesk import connectors
from frontdesk.connectors.answers import Accepted
from frontdesk.connectors.content import Letter
from frontdesk.core.clock import SystemClock
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from frontdesk.domains.sending.business import SendingBusiness
from frontdesk.domains.sending.dispatch.tenant_senders import TenantSender, TenantSenders
from frontdesk.domains.tenancy.tenant import read_tenant
from tests.webhooks.conftest import StartReceiver, only_event
from tests.webhooks.harness import Post
from tests.webhooks.signing import TENANT, environment

TENANTS = Path(__file__).parents[3] / "tenants"
SECRETS = {
    f"FRONTDESK_{TENANT.upper()}_MADE_UP_TOKEN": "a long token of the provider's",
    f"FRONTDESK_{TENANT.upper()}_MADE_UP_KEY": "key",
}


@pytest.fixture(autouse=True)
def folder_of_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connectors, "__path__", [*connectors.__path__, str(Path(__file__).with_name("folder"))])


def test_its_deliveries_are_received(start: StartReceiver, log: EventLog) -> None:
    receiver = start(environ=environment() | SECRETS)
    path = f"/webhooks/{TENANT}/made-up"
    right, wrong = ({"x-webhook-token": token} for token in (next(iter(SECRETS.values())), "another"))
    assert receiver.send(Post(path, body=b'{"a":1}', headers=wrong)).status == 401
    assert receiver.send(Post(path, body=b'{"a":1}', headers=right)).status == 200
    event = only_event(log)
    assert (event.source, event.type) == ("made-up", "made-up.thing.happened")


def test_it_is_shown_by_its_label() -> None:
    assert format_source("made-up") == "Made Up"


def test_a_businesss_file_can_name_it(tmp_path: Path) -> None:
    file = tmp_path / "noizylab.yaml"
    text = (TENANTS / "noizylab.yaml").read_text(encoding="utf-8")
    file.write_text(text.replace("sources:\n", "sources:\n  - name: made-up\n    secrets: [MADE_UP_TOKEN]\n", 1))
    tenant = read_tenant(file)
    assert tenant.find_source("made-up") is not None
    assert "made-up" in tenant.opt_out.cancel_is_stop


def test_texts_go_out_by_it() -> None:
    business = read_tenant(TENANTS / "noizylab.yaml")
    assert business.delivery.sms is not None
    sms = business.delivery.sms.model_copy(update={"provider": "made-up"})
    business = business.model_copy(
        update={"slug": TENANT, "delivery": business.delivery.model_copy(update={"sms": sms})}
    )
    desk = _desk(business)
    assert desk.missing_of("made-up") == ""
    letter = Letter(to="+61491570156", sender=sms.sender, text="Hello")
    assert desk.deliverer_of("made-up").deliver("text-1", letter) == Accepted("key took text-1 for +61491570156")


def _desk(business: SendingBusiness) -> TenantSender:
    desks = TenantSenders(
        {business.slug: business}, settings=Settings(), secrets=Secrets(SECRETS), clock=SystemClock(), wrong_files={}
    )
    desk = desks.find(business.slug)
    assert desk is not None
    return desk
