"""Each provider as its deliverer meets it, over HTTP and SMTP: what is told of an answer, and of none."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from frontdesk.connectors.answers import (
    Accepted,
    CannotTell,
    Deliverer,
    Doubt,
    Found,
    LookUp,
    NotFound,
    Refused,
    Unknown,
)
from frontdesk.connectors.clicksend.deliver import ClickSendDeliverer
from frontdesk.connectors.content import Letter, WebhookBody
from frontdesk.connectors.http_calls import open_client
from frontdesk.connectors.microsoft_graph.deliver import GraphDeliverer
from frontdesk.connectors.microsoft_graph.token import GraphTokens
from frontdesk.connectors.outgoing_webhook.addresses import OutgoingAddresses
from frontdesk.connectors.outgoing_webhook.deliver import WebhookDeliverer
from frontdesk.connectors.references import reference_of
from frontdesk.connectors.smtp.deliver import MailServer, SmtpDeliverer
from frontdesk.connectors.twilio.deliver import TwilioDeliverer
from frontdesk.core.clock import SystemClock
from tests.domains.sending.dispatch.standins import WEBHOOK_SECRET, StandIns

CLOCK = SystemClock()
KEY = "noizylab/repair_received/send_sms/booking:b1"
QUICK = httpx.Timeout(0.3)
TEXT = Letter(to="+16135550142", sender="+16135550101", text="We've received your repair b1.")
AVATAR_TEXT = Letter(to="+61455500142", sender="+61855500101", text="See you on Tue 3 Mar.")
GRAPH_MAIL = Letter(to="zoe@customer.example", sender="office@noizylab.example", subject="Zoë's repair", text="Hi")
SMTP_MAIL = Letter(to="zoe@customer.example", sender="hello@hmnp.example", subject="Zoë's booking", text="Hi\n.\n")
BODY = WebhookBody(endpoint="crm", body=b'{"type":"booking.created","data":{}}')


def secret(standins: StandIns, tenant: str, name: str) -> str:
    [value] = standins.secrets.values(tenant, name)
    return value


def twilio(standins: StandIns, url: str, **changes: Any) -> tuple[Deliverer[Letter], Letter]:
    values: dict[str, Any] = {
        "account_sid": secret(standins, "noizylab", "TWILIO_ACCOUNT_SID"),
        "auth_token": secret(standins, "noizylab", "TWILIO_AUTH_TOKEN"),
        "callback_url": "http://127.0.0.1:9/webhooks/noizylab/twilio",
        "clock": CLOCK,
    }
    return TwilioDeliverer(open_client(url, timeout=QUICK), **(values | changes)), TEXT


def clicksend(standins: StandIns, url: str) -> tuple[Deliverer[Letter], Letter]:
    username, key = (secret(standins, "avatar-imaging", f"CLICKSEND_{name}") for name in ("USERNAME", "API_KEY"))
    deliverer = ClickSendDeliverer(open_client(url, timeout=QUICK), username=username, api_key=key, clock=CLOCK)
    return deliverer, AVATAR_TEXT


def tokens_of(standins: StandIns, url: str, **changes: Any) -> GraphTokens:
    values: dict[str, Any] = {
        "directory": secret(standins, "noizylab", "GRAPH_TENANT_ID"),
        "client_id": secret(standins, "noizylab", "GRAPH_CLIENT_ID"),
        "client_secret": secret(standins, "noizylab", "GRAPH_CLIENT_SECRET"),
        "clock": CLOCK,
    }
    return GraphTokens(open_client(url, timeout=QUICK), **(values | changes))


def graph(standins: StandIns, url: str) -> tuple[Deliverer[Letter], Letter]:
    client = open_client(url, timeout=QUICK)
    tokens = tokens_of(standins, url)
    return GraphDeliverer(client, tokens=tokens, mailbox=GRAPH_MAIL.sender, clock=CLOCK), GRAPH_MAIL


def smtp(standins: StandIns, url: str) -> tuple[Deliverer[Letter], Letter]:
    port = standins.smtp_port if url == standins.url else int(url.rpartition(":")[2])
    username, password = (secret(standins, "hmnp", f"SMTP_{name}") for name in ("USERNAME", "PASSWORD"))
    server = MailServer(host="127.0.0.1", port=port, username=username, password=password, seconds=0.5)
    return SmtpDeliverer(server, clock=CLOCK), SMTP_MAIL


def webhook(_: StandIns, url: str) -> tuple[Deliverer[WebhookBody], WebhookBody]:
    endpoints = {"crm": (f"{url}/hooks/noizylab", (WEBHOOK_SECRET,))}
    addresses = OutgoingAddresses(private_hosts=frozenset({"127.0.0.1"}))
    client = open_client(url, timeout=QUICK)
    return WebhookDeliverer(client, addresses=addresses, endpoints=endpoints, clock=CLOCK), BODY


Maker = Callable[[StandIns, str], tuple[Deliverer[Any], Any]]
MAKERS: dict[str, Maker] = {
    "twilio": twilio,
    "clicksend": clicksend,
    "graph": graph,
    "smtp": smtp,
    "webhook": webhook,
}
#: Where the stand-in's usual one is of the set-up.
PERMANENT_CODES = {"graph": "ErrorInvalidRecipients"}
EVERY = pytest.mark.parametrize("provider", MAKERS)
#: Those that can't tell a repeat from a second message.
TAKES_REPEATS = [provider for provider in MAKERS if provider != "webhook"]


@EVERY
def test_what_is_accepted_is_there_once_under_the_id_that_is_told(standins: StandIns, provider: str) -> None:
    deliverer, content = MAKERS[provider](standins, standins.url)

    answer = deliverer.deliver(KEY, content)

    [entry] = standins.entries()
    assert isinstance(answer, Accepted)
    assert entry["provider"] == provider
    assert entry["reference"]
    assert provider == "graph" or entry["id"] == answer.provider_id


@EVERY
def test_a_provider_that_nobody_answers_for_was_surely_not_called(standins: StandIns, provider: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = f"http://127.0.0.1:{listener.getsockname()[1]}"
    deliverer, content = MAKERS[provider](standins, closed)

    answer = deliverer.deliver(KEY, content)

    assert isinstance(answer, Refused)
    assert "no connection" in answer.reason
    assert not answer.is_permanent


@EVERY
def test_too_many_requests_are_a_refusal_for_now(standins: StandIns, provider: str) -> None:
    standins.behave(provider, mode="rate_limited", retry_after_s=7)
    deliverer, content = MAKERS[provider](standins, standins.url)

    before = CLOCK.now()
    answer = deliverer.deliver(KEY, content)

    assert isinstance(answer, Refused)
    assert not answer.is_permanent
    if provider == "smtp":
        assert answer.error_code == "421"
    else:
        assert answer.retry_after is not None
        assert timedelta(seconds=7) <= answer.retry_after - before < timedelta(seconds=12)
    assert not standins.entries()


@EVERY
def test_a_provider_out_of_service_is_a_refusal_for_now(standins: StandIns, provider: str) -> None:
    standins.behave(provider, mode="server_error")
    deliverer, content = MAKERS[provider](standins, standins.url)

    answer = deliverer.deliver(KEY, content)

    assert isinstance(answer, Refused)
    assert not answer.is_permanent


@pytest.mark.parametrize("provider", ["twilio", "clicksend", "graph"])
@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_that_broke_at_work_leaves_it_open(standins: StandIns, provider: str, status: int) -> None:
    standins.behave(provider, mode="server_error", status=status)
    deliverer, content = MAKERS[provider](standins, standins.url)

    assert isinstance(deliverer.deliver(KEY, content), Unknown)


@EVERY
def test_a_refusal_for_good_says_so(standins: StandIns, provider: str) -> None:
    standins.behave(provider, mode="permanent_error", code=PERMANENT_CODES.get(provider, ""))
    deliverer, content = MAKERS[provider](standins, standins.url)

    answer = deliverer.deliver(KEY, content)

    assert isinstance(answer, Refused)
    assert answer.is_permanent
    assert answer.error_code
    assert not answer.is_opted_out


@pytest.mark.parametrize("provider", TAKES_REPEATS)
@pytest.mark.parametrize("hold_ms", [0, 60_000])
def test_no_answer_after_accepting_is_unknown_never_a_refusal(
    standins: StandIns, provider: str, hold_ms: int
) -> None:
    standins.behave(provider, mode="timeout_after_accepting", times=1, hold_ms=hold_ms)
    deliverer, content = MAKERS[provider](standins, standins.url)

    answer = deliverer.deliver(KEY, content)

    assert isinstance(answer, Unknown)
    assert len(standins.entries()) == 1


@pytest.mark.parametrize("provider", ["twilio", "clicksend", "graph"])
def test_what_no_answer_came_to_is_found_afterwards(standins: StandIns, provider: str) -> None:
    standins.behave(provider, mode="timeout_after_accepting", times=1, hold_ms=0)
    deliverer, content = MAKERS[provider](standins, standins.url)
    doubt = Doubt(command_key=KEY, content=content, since=CLOCK.now(), others=())
    assert deliverer.look_up(doubt) == NotFound()

    deliverer.deliver(KEY, content)

    found = deliverer.look_up(doubt)
    assert isinstance(found, Found)
    assert provider == "graph" or found.provider_id == standins.entries()[0]["id"]


@pytest.mark.parametrize("provider", ["twilio", "clicksend", "graph"])
def test_a_provider_that_is_down_can_t_be_asked(standins: StandIns, provider: str) -> None:
    deliverer, content = MAKERS[provider](standins, standins.url)
    standins.behave(provider, mode="down", look_ups=True)

    answer = deliverer.look_up(Doubt(command_key=KEY, content=content, since=CLOCK.now(), others=()))

    assert getattr(answer, "is_final", None) is False


def test_another_commands_text_to_the_same_number_is_not_taken_for_this_ones(standins: StandIns) -> None:
    deliverer, content = twilio(standins, standins.url)
    other = deliverer.deliver("another", content)
    assert isinstance(other, Accepted)
    since = CLOCK.now()

    alone = deliverer.look_up(Doubt(command_key=KEY, content=content, since=since, others={other.provider_id}))
    deliverer.deliver("a third", Letter(to=TEXT.to, sender=TEXT.sender, text="Other words."))
    beside = deliverer.look_up(Doubt(command_key=KEY, content=content, since=since, others={other.provider_id}))

    assert alone == NotFound()
    assert getattr(beside, "is_final", None) is True


def test_a_text_names_its_command_to_the_status_callback(standins: StandIns) -> None:
    deliverer, content = twilio(standins, standins.url)

    deliverer.deliver(KEY, content)

    [entry] = standins.entries()
    assert entry["reference"] == "command_key=noizylab%2Frepair_received%2Fsend_sms%2Fbooking%3Ab1"


def test_stop_is_told_as_such(standins: StandIns) -> None:
    standins.stop(tenant="noizylab", phone=TEXT.to)
    deliverer, content = twilio(standins, standins.url)

    answer = deliverer.deliver(KEY, content)

    assert isinstance(answer, Refused)
    assert (answer.is_opted_out, answer.is_permanent, answer.error_code) == (True, True, "21610")


@pytest.mark.parametrize("provider", ["twilio", "smtp"])
def test_wrong_credentials_cost_no_message(standins: StandIns, provider: str) -> None:
    if provider == "twilio":
        deliverer, content = twilio(standins, standins.url, auth_token="wrong")
    else:
        server = MailServer(host="127.0.0.1", port=standins.smtp_port, username="nobody", password="wrong")
        deliverer, content = SmtpDeliverer(server, clock=CLOCK), SMTP_MAIL

    answer = deliverer.deliver(KEY, content)

    assert isinstance(answer, Refused)
    assert not answer.is_permanent


def test_a_token_is_used_again_and_renewed_once_where_graph_forgot_it(standins: StandIns) -> None:
    deliverer, content = graph(standins, standins.url)
    tokens = tokens_of(standins, standins.url)
    first = tokens.get()

    assert tokens.get() == first
    assert isinstance(deliverer.deliver(KEY, content), Accepted)
    stale = GraphDeliverer(open_client(standins.url), tokens=_Forgotten(tokens), mailbox=content.sender, clock=CLOCK)
    assert isinstance(stale.deliver("another", content), Accepted)
    assert standins.requests("graph")["401"] == 1


class _Forgotten(GraphTokens):
    """Gives a token that Graph does not know until another one is asked for."""

    def __init__(self, tokens: GraphTokens) -> None:
        self._tokens = tokens

    def get(self, *, instead_of: str = "") -> str | Refused:
        return self._tokens.get(instead_of=instead_of) if instead_of else "forgotten"


def test_a_wrong_client_secret_is_told_and_costs_no_message(standins: StandIns) -> None:
    token = tokens_of(standins, standins.url, client_secret="wrong").get()

    assert isinstance(token, Refused)
    assert "AADSTS7000215" in token.reason
    assert not token.is_permanent


def test_a_webhook_that_comes_again_is_taken_once(standins: StandIns) -> None:
    standins.behave("webhook", mode="timeout_after_accepting", times=1, hold_ms=0)
    deliverer, content = webhook(standins, standins.url)

    first, second = deliverer.deliver(KEY, content), deliverer.deliver(KEY, content)

    assert isinstance(first, Refused)
    assert not first.is_permanent
    assert isinstance(second, Accepted)
    assert len(standins.entries()) == 1


def test_a_subject_can_t_add_headers(standins: StandIns) -> None:
    deliverer, content = smtp(standins, standins.url)
    hostile = Letter(to=content.to, sender=content.sender, subject="Hi\r\nBcc: all@list.example", text="Hi")

    assert isinstance(deliverer.deliver(KEY, hostile), Accepted)
    assert standins.entries()[0]["recipient"] == content.to
    assert standins.entries()[0]["subject"] == "Hi Bcc: all@list.example"


def test_without_encryption_nothing_leaves_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontdesk.connectors.smtp.deliver.is_this_machine", lambda _: False)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    plain = Controller(Sink(), hostname="127.0.0.1", port=port)
    plain.start()
    try:
        server = MailServer(host="127.0.0.1", port=port, username="hmnp", password="secret")

        answer = SmtpDeliverer(server, clock=CLOCK).deliver(KEY, SMTP_MAIL)
    finally:
        plain.stop()

    assert isinstance(answer, Refused)
    assert "offers no STARTTLS" in answer.reason


def test_a_certificate_that_nobody_vouches_for_is_taken_on_this_machine_only(
    standins: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.connectors.smtp.deliver.is_this_machine", lambda _: False)
    deliverer, content = smtp(standins, standins.url)

    answer = deliverer.deliver(KEY, content)

    assert isinstance(answer, Refused)
    assert "CERTIFICATE_VERIFY_FAILED" in answer.reason


@pytest.mark.parametrize(
    ("changes", "is_permanent"),
    [
        ({"to": "büro@example.de"}, True),
        ({"to": "a b@example.de"}, True),
        ({"to": "a@example.de\r\nRCPT TO:<b@example.de>"}, True),
        ({"to": "nobody"}, True),
        ({"subject": "half a pair \ud800"}, True),
        ({"text": "half a pair \ud800"}, True),
        ({"sender": "büro@example.de"}, False),
    ],
)
def test_what_smtp_can_not_take_is_refused_and_never_in_doubt(
    standins: StandIns, changes: dict[str, Any], is_permanent: bool
) -> None:
    deliverer, content = smtp(standins, standins.url)

    answer = deliverer.deliver(KEY, replace(content, **changes))

    assert isinstance(answer, Refused)
    assert answer.is_permanent is is_permanent
    assert answer.is_set_up is not is_permanent
    assert standins.entries() == []


def test_a_domain_with_accents_is_written_as_mail_servers_know_it(standins: StandIns) -> None:
    deliverer, content = smtp(standins, standins.url)
    assert isinstance(deliverer.deliver(KEY, replace(content, to="info@bücher.example")), Accepted)
    assert standins.entries()[0]["recipient"] == "info@xn--bcher-kva.example"


NOW_S = int(CLOCK.now().timestamp())
_OLD, _MINE = 86_400, 0


@dataclass
class History:
    """ClickSend's history as it might answer: any order, a search that is ignored, or finds nothing."""

    ages: list[int]  #: of each text in seconds, in the order in which they come
    search: str = "works"  #: or ignored, or empty
    says_last_page: bool = True
    pages_read: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.pages_read += 1
        mine = reference_of(KEY)
        rows: list[dict[str, Any]] = [
            {"custom_string": mine if age == _MINE else f"other-{age}", "message_id": str(age), "date": NOW_S - age}
            for age in self.ages
        ]
        if "q" in request.url.params and self.search != "ignored":
            rows = [row for row in rows if self.search == "works" and row["custom_string"] == mine]
        page = int(request.url.params["page"])
        data: dict[str, Any] = {"data": rows[(page - 1) * 100 : page * 100]}
        if self.says_last_page:
            data["last_page"] = max(1, -(-len(rows) // 100))
        return httpx.Response(200, json={"data": data})

    def look_up(self) -> LookUp:
        client = httpx.Client(base_url="https://rest.clicksend.com", transport=httpx.MockTransport(self))
        deliverer = ClickSendDeliverer(client, username="u", api_key="k", clock=CLOCK)
        return deliverer.look_up(Doubt(command_key=KEY, content=TEXT, since=CLOCK.now(), others=()))


@pytest.mark.parametrize("search", ["works", "ignored", "empty"])
@pytest.mark.parametrize("says_last_page", [True, False])
@pytest.mark.parametrize("is_oldest_first", [True, False])
def test_a_text_is_found_in_clicksends_history_whatever_its_order(
    search: str, says_last_page: bool, is_oldest_first: bool
) -> None:
    ages = sorted([_MINE, *range(_OLD, _OLD + 250)], reverse=is_oldest_first)
    assert History(ages, search, says_last_page).look_up() == Found(str(_MINE))


@pytest.mark.parametrize("search", ["works", "ignored", "empty"])
def test_a_text_that_is_not_in_clicksends_history_is_not_found(search: str) -> None:
    newest_first = History(list(range(_OLD, _OLD + 1_000)), search)
    assert newest_first.look_up() == NotFound()
    assert newest_first.pages_read <= 2, "what is older than the call is not read"
    oldest_first = History(list(range(_OLD + 1_000, _OLD, -1)), search)
    assert oldest_first.look_up() == NotFound()
    assert oldest_first.pages_read >= 10, "all of it is read"
    endless = History(list(range(_OLD + 11_000, _OLD, -1)), search)
    assert isinstance(endless.look_up(), CannotTell)
