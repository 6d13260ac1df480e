"""`frontdesk secrets`: what is stored, listed and removed; a value is never an argument, and never shown."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from frontdesk.core.log.database import open_database, open_engine
from frontdesk.core.log.migrations.revisions import read_revision
from frontdesk.core.secret_store.stored_secrets import open_secrets
from frontdesk.core.settings import Settings
from frontdesk.domains.tenancy.files import TenantFiles
from tests.core.backends import Backend
from tests.core.log.migrations.old_homes import make_sqlite
from tests.core.secret_store.stores import KEY, OTHER_KEY, WITH_KEY, WITH_OTHER_KEY
from tests.domains.tenancy.command_line import CommandLine
from tests.webhooks.intake.test_stored_secrets import everything
from tests.webhooks.server import process, wait_for
from tests.webhooks.signing import stripe_post

TENANTS = Path(__file__).parents[3] / "tenants"
FRONTDESK = Path(sys.executable).with_name("frontdesk")
STRIPE = ("noizylab", "STRIPE_WEBHOOK_SECRET")
VALUE = "whsec_of_noizylab"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home with a folder of one file, and a master key."""
    folder = tmp_path / "tenants"
    folder.mkdir()
    shutil.copy(TENANTS / "noizylab.yaml", folder)
    for name in [name for name in os.environ if name.startswith("FRONTDESK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FRONTDESK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(folder))
    monkeypatch.setenv("FRONTDESK_MASTER_KEY", KEY)
    return folder


@pytest.fixture
def home(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The database of one kind that the commands use."""
    if backend.name != "sqlite":
        monkeypatch.setenv("FRONTDESK_DATABASE_URL", backend.url)
        return backend.open()
    return open_database(Settings().event_log_url)


_secrets = CommandLine("secrets")
run, said = _secrets.run, _secrets.said


def refused(*words: str, typed: str = "") -> str:
    """Return the one line that a command ends with."""
    detail = _secrets.refused(*words, typed=typed)
    assert "\n" not in detail
    return detail


def listed(*words: str) -> dict[tuple[str, ...], list[str]]:
    """Return the rest of each line by business, secret and where it is."""
    lines = [line.split() for line in said("list", *words).splitlines()[1:]]
    return {tuple(words[:3]): words[3:] for words in lines}


def values(engine: Engine, *secret: str, environ: dict[str, str] | None = None) -> tuple[str, ...]:
    tenant_id, name = secret
    return open_secrets(engine, environ=WITH_KEY if environ is None else environ).values(tenant_id, name)


def test_a_secret_is_stored_from_stdin_and_listed_without_it(home: Engine) -> None:
    assert said("set", *STRIPE, typed=f"{VALUE}\n") == "noizylab: STRIPE_WEBHOOK_SECRET is stored.\n"
    assert values(home, *STRIPE) == (VALUE,)
    [count, date, _, zone, *rest] = listed()[*STRIPE, "store"]
    assert (count, zone, date[:2]) == ("1", "UTC", "20")
    assert " ".join(rest).endswith("at the command line deliveries of Stripe")
    assert VALUE not in said("list")
    if home.dialect.name == "sqlite":
        assert VALUE not in everything(home)


def test_what_can_be_set_is_listed_with_what_it_is_for(home: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_NOIZYLAB_TWILIO_AUTH_TOKEN", "hidden_1,hidden_2")
    said("set", "noizylab", "TWILIO_AUTH_TOKEN", typed="hidden_3")
    said("set", *STRIPE, typed="hidden_4")
    lines = listed("noizylab")
    assert lines[*STRIPE, "store"]
    assert lines["noizylab", "TWILIO_AUTH_TOKEN", "environment"][0] == "2"
    assert "the environment comes first" in " ".join(lines["noizylab", "TWILIO_AUTH_TOKEN", "store"])
    assert " ".join(lines["noizylab", "OWNER_API_KEY", "not"]) == "set /v1 for programs"
    assert "hidden" not in said("list")
    assert home is not None


def test_a_rotation_keeps_the_older_value_until_it_ends(home: Engine) -> None:
    said("set", *STRIPE, typed="whsec_1")
    assert "the older values count too" in said("set", *STRIPE, "--keep-older", typed="whsec_2")
    assert values(home, *STRIPE) == ("whsec_2", "whsec_1")
    assert said("remove", *STRIPE, "--older") == "noizylab: 1 stored value of STRIPE_WEBHOOK_SECRET deleted.\n"
    assert values(home, *STRIPE) == ("whsec_2",)
    assert "no older value of STRIPE_WEBHOOK_SECRET is stored" in refused("remove", *STRIPE, "--older")
    said("set", *STRIPE, typed="whsec_3")
    assert values(home, *STRIPE) == ("whsec_3",)
    said("remove", *STRIPE)
    assert values(home, *STRIPE) == ()
    assert "is not stored; see `frontdesk secrets list`" in refused("remove", *STRIPE)


def test_all_of_a_business_are_removed(home: Engine) -> None:
    assert refused("remove", "noizylab") == "name one secret, or give --all"
    assert refused("remove", *STRIPE, "--all") == "name one secret, or give --all"
    for name in ("STRIPE_WEBHOOK_SECRET", "OWNER_API_KEY"):
        said("set", "noizylab", name, typed="a value")
    assert "2 stored values of OWNER_API_KEY, STRIPE_WEBHOOK_SECRET deleted" in said("remove", "noizylab", "--all")
    assert values(home, *STRIPE) == ()


def test_the_master_key_is_changed_in_one_step(home: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    said("set", *STRIPE, typed="whsec_1")
    said("set", *STRIPE, "--keep-older", typed="whsec_2")
    assert "FRONTDESK_NEW_MASTER_KEY: is not set; make one by: openssl rand" in refused("rotate-key")
    monkeypatch.setenv("FRONTDESK_NEW_MASTER_KEY", KEY)
    assert "is the same as FRONTDESK_MASTER_KEY" in refused("rotate-key")
    monkeypatch.setenv("FRONTDESK_NEW_MASTER_KEY", OTHER_KEY)
    shown = said("rotate-key")
    assert "Encrypted under the new master key: 2 stored values." in shown
    assert OTHER_KEY not in shown
    assert values(home, *STRIPE, environ=WITH_OTHER_KEY) == ("whsec_2", "whsec_1")
    # Until the variable is changed too, what is set is encrypted under the new one.
    said("set", *STRIPE, typed="whsec_3")
    assert values(home, *STRIPE, environ=WITH_OTHER_KEY) == ("whsec_3",)
    monkeypatch.delenv("FRONTDESK_NEW_MASTER_KEY")
    assert "can't be read: it is stored under another master key" in said("list")
    assert "is not the key that secrets are stored under" in refused("set", *STRIPE, typed="whsec_4")
    monkeypatch.setenv("FRONTDESK_NEW_MASTER_KEY", "aa" * 32)
    assert "STRIPE_WEBHOOK_SECRET: it is stored under another master key" in refused("rotate-key")
    assert values(home, *STRIPE, environ=WITH_OTHER_KEY) == ("whsec_3",)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("bakery", "STRIPE_WEBHOOK_SECRET"), "bakery: there is no such business; use one of: noizylab"),
        (("noizylab", "ZOHO_WEBHOOK_SECRET"), "ZOHO_WEBHOOK_SECRET: noizylab's configuration knows no such secret"),
    ],
)
def test_what_no_configuration_knows_is_refused_before_anything_is_asked(words: tuple[str, str], line: str) -> None:
    shown = refused("set", *words, typed=VALUE)
    assert shown.startswith(line)
    assert VALUE not in shown
    if words[0] == "noizylab":
        assert "STRIPE_API_KEY, STRIPE_WEBHOOK_SECRET, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN" in shown
    assert not Settings().home.exists()


@pytest.mark.parametrize("text", ["", " \n", "x" * 20_000])
def test_what_is_no_secret_is_refused(text: str) -> None:
    assert "STRIPE_WEBHOOK_SECRET: is " in refused("set", *STRIPE, typed=text)


def test_without_a_master_key_nothing_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_MASTER_KEY", "too short")
    assert refused("set", *STRIPE, typed=VALUE) == (
        "FRONTDESK_MASTER_KEY: is not 32 bytes in base64 or hex; make one by: openssl rand -base64 32"
    )
    monkeypatch.delenv("FRONTDESK_MASTER_KEY")
    assert refused("set", *STRIPE, typed=VALUE) == (
        "FRONTDESK_MASTER_KEY: is not set; make one by: openssl rand -base64 32, and keep it where you keep passwords"
    )
    assert not Settings().home.exists()


def test_a_new_home_can_be_listed_and_is_not_made() -> None:
    assert (*STRIPE, "not") in listed()
    assert refused("list", "bakery") == "bakery: there is no such business; use one of: noizylab"
    assert not Settings().home.exists()


def test_a_pem_keeps_its_lines_and_may_be_on_one(folder: Path) -> None:
    shutil.copy(TENANTS / "avatar-imaging.yaml", folder)
    pem = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----"
    engine = open_database(Settings().event_log_url)
    for typed in (f"{pem}\n", pem.replace("\n", "\\n")):
        said("set", "avatar-imaging", "WIX_PUBLIC_KEY", typed=typed)
        assert values(engine, "avatar-imaging", "WIX_PUBLIC_KEY") == (pem,)
    engine.dispose()


def test_a_source_that_a_file_adds_can_have_its_secret_before_it_is_in_force(folder: Path) -> None:
    engine = open_database(Settings().event_log_url)
    TenantFiles.open(engine, folder=folder).write_changes()
    file = folder / "noizylab.yaml"
    text = file.read_text(encoding="utf-8")
    assert "sources:\n" in text
    added = "sources:\n  - name: zoho\n    secrets: [ZOHO_WEBHOOK_SECRET]\n"
    file.write_text(text.replace("sources:\n", added), encoding="utf-8")
    said("set", "noizylab", "ZOHO_WEBHOOK_SECRET", typed="zoho_1")
    assert values(engine, "noizylab", "ZOHO_WEBHOOK_SECRET") == ("zoho_1",)
    engine.dispose()


def test_a_business_that_leaves_takes_its_stored_secrets_along(folder: Path) -> None:
    engine = open_database(Settings().event_log_url)
    shutil.copy(TENANTS / "hmnp.yaml", folder)
    TenantFiles.open(engine, folder=folder).write_changes()
    said("set", *STRIPE, typed=VALUE)
    said("set", "hmnp", "STRIPE_WEBHOOK_SECRET", typed="whsec_of_hmnp")
    (folder / "noizylab.yaml").unlink()
    left = CommandLine("tenant").run("remove", "noizylab", typed="y\n")
    assert "its stored secrets are deleted [y/N]" in left.output
    assert "noizylab: 1 stored secret deleted; backups made before still hold it." in left.output
    assert values(engine, *STRIPE) == ()
    assert values(engine, "hmnp", "STRIPE_WEBHOOK_SECRET") == ("whsec_of_hmnp",)
    engine.dispose()


def test_an_older_versions_home_is_listed_as_it_is_and_upgraded_by_storing() -> None:
    home = Settings().home
    home.mkdir()
    make_sqlite(home / "frontdesk.db")
    assert (*STRIPE, "not") in listed()
    assert read_revision(open_engine(Settings().event_log_url)) is None, "not upgraded by looking"
    said("set", *STRIPE, typed=VALUE)
    engine = open_engine(Settings().event_log_url)
    assert values(engine, *STRIPE) == (VALUE,)
    engine.dispose()


@pytest.mark.processes
def test_at_a_terminal_it_is_asked_for_and_not_shown() -> None:
    leader, follower = pty.openpty()
    asked = subprocess.Popen(
        [FRONTDESK, "secrets", "set", *STRIPE],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    shown = b""
    while b"STRIPE_WEBHOOK_SECRET: " not in shown:
        shown += os.read(leader, 1_000)
    os.write(leader, f"{VALUE}\n".encode())
    try:
        while asked.poll() is None or b"is stored" not in shown:
            shown += os.read(leader, 1_000)
    except OSError:  # the other end is closed
        pass
    assert asked.wait(timeout=60) == 0
    os.close(leader)
    assert VALUE.encode() not in shown
    engine = open_engine(Settings().event_log_url)
    assert values(engine, *STRIPE) == (VALUE,)
    engine.dispose()


@pytest.mark.processes
def test_a_receiver_that_runs_takes_deliveries_by_a_secret_that_is_typed_meanwhile(tmp_path: Path) -> None:
    unset = {"FRONTDESK_SALON_STRIPE_WEBHOOK_SECRET": "", "FRONTDESK_MASTER_KEY": KEY}
    home = tmp_path / "running"
    with process(home, environ=unset) as receiver:

        def status() -> int:
            event = {"id": f"evt_{time.monotonic_ns()}", "type": "invoice.paid"}
            delivery = stripe_post(event, secret=VALUE, timestamp=int(time.time()))
            url = receiver.url + delivery.path
            return httpx.post(url, content=delivery.body, headers=dict(delivery.headers), timeout=20).status_code

        assert status() == 404
        environ = os.environ | {"FRONTDESK_HOME": str(home), "FRONTDESK_TENANTS_DIR": str(home / "tenants")}
        command = [str(FRONTDESK), "secrets", "set", "salon", "STRIPE_WEBHOOK_SECRET"]
        done = subprocess.run(command, env=environ, input=VALUE, capture_output=True, text=True, check=True)
        stored_at = time.monotonic()
        wait_for(lambda: status() == 200)
        taken_after_s = time.monotonic() - stored_at
        command = [str(FRONTDESK), "secrets", "remove", "salon", "STRIPE_WEBHOOK_SECRET"]
        subprocess.run(command, env=environ, capture_output=True, check=True)
        wait_for(lambda: status() == 404)
    assert taken_after_s < 10, "within two seconds where the machine is not busy"
    log = (home / "receiver.log").read_text(encoding="utf-8")
    for text in (log, done.stdout, done.stderr):
        assert VALUE not in text
        assert KEY not in text
