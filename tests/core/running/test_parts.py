"""The processes' commands, environment and ports."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import DagsterInstance

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.running import allocator
from frontdesk.core.running.dagster_home import DagsterHome, open_dagster_home
from frontdesk.core.running.parts import Group, Part, build_parts
from frontdesk.core.running.ports import check_ports
from frontdesk.core.secrets import OPERATOR_SECRETS
from frontdesk.core.settings import Settings
from tests.core.running.standins import free_port

ROOT = Path(__file__).parents[3]
EVERYWHERE = ".".join("0000")
SECRET = "FRONTDESK_MIKES_DETAILING_STRIPE_WEBHOOK_SECRET"
OWNER_KEY = "FRONTDESK_MIKES_DETAILING_OWNER_API_KEY"
#: Of a business that no file names yet: it joins while the processes run.
LATER_SECRET = "FRONTDESK_BAKERY_TWILIO_AUTH_TOKEN"
LATER_OWNER_KEY = "FRONTDESK_BAKERY_OWNER_API_KEY"
SECRETS = {
    SECRET: "whsec_1",
    OWNER_KEY: "fd_1",
    LATER_SECRET: "token_1",
    LATER_OWNER_KEY: "fd_2",
    **{f"FRONTDESK_{name}": f"hidden_{name}" for name in OPERATOR_SECRETS},
}
PAGES = {"dagster", "dashboard"}


@pytest.fixture
def dagster_home(tmp_path: Path) -> Iterator[DagsterHome]:
    with open_dagster_home(tmp_path) as home:
        yield home


def build(dagster_home: DagsterHome, *without: Group, **settings: Any) -> dict[str, Part]:
    parts = build_parts(
        Settings(**settings),
        dagster_home=dagster_home,
        without=frozenset(without),
        environ=SECRETS
        | {"FRONTDESK_HOME": "relative", "FRONTDESK_DASHBOARD_URL": "https://desk.example", "PATH": "/bin"},
    )
    return {part.name: part for part in parts}


def test_five_processes_and_fewer_where_wanted(dagster_home: DagsterHome) -> None:
    assert list(build(dagster_home)) == [
        "receiver",
        "dagster-code",
        "dagster",
        "dashboard",
        "monitor",
    ]
    assert list(build(dagster_home, "dagster", "dashboard", "monitor")) == ["receiver"]


def test_the_monitor_watches_what_runs_beside_it(dagster_home: DagsterHome) -> None:
    assert build(dagster_home)["monitor"].command[-1] == "receiver,pipelines,dashboard"
    assert build(dagster_home, "dagster")["monitor"].command[-1] == "receiver,dashboard"


def test_only_who_needs_secrets_gets_them(dagster_home: DagsterHome) -> None:
    parts = build(dagster_home)

    assert {name for name, part in parts.items() if SECRET in part.environ} == {"receiver", "dagster-code", "monitor"}
    assert all(SECRET not in repr(part) for part in parts.values())


def test_pages_have_no_secret_of_whichever_business_and_all_settings(dagster_home: DagsterHome) -> None:
    parts = build(dagster_home)

    for name in PAGES:
        found = parts[name].environ.keys() & SECRETS.keys()
        assert found == ({"FRONTDESK_DAGSTER_PASSWORD"} if name == "dagster" else set())
        assert parts[name].environ["FRONTDESK_DASHBOARD_URL"] == "https://desk.example"
    assert all(parts[name].environ.items() >= SECRETS.items() for name in ("receiver", "dagster-code"))
    without = {OWNER_KEY, LATER_OWNER_KEY}
    assert parts["monitor"].environ.keys() & SECRETS.keys() == SECRETS.keys() - without
    assert "hidden" not in repr(parts)


def test_every_setting_reaches_the_pages(dagster_home: DagsterHome) -> None:
    settings = {f"FRONTDESK_{name.upper()}": "1" for name in Settings.model_fields}
    # pydantic-settings reads names in small letters too.
    environ = settings | {"frontdesk_sign_in_hint": "hint", "frontdesk_bakery_smtp_password": "p"}

    parts = build_parts(Settings(), dagster_home=dagster_home, without=frozenset(), environ=environ)

    [dashboard] = [part for part in parts if part.name == "dashboard"]
    assert dashboard.environ.keys() >= settings.keys() | {"frontdesk_sign_in_hint"}
    assert "frontdesk_bakery_smtp_password" not in dashboard.environ


def test_the_owners_keys_are_the_receivers_alone_since_staff_act_by_their_sessions(dagster_home: DagsterHome) -> None:
    parts = build(dagster_home)

    assert {name for name, part in parts.items() if OWNER_KEY in part.environ} == {"receiver", "dagster-code"}
    assert all(OWNER_KEY not in repr(part) for part in parts.values())


def test_paths_do_not_depend_on_the_folder(dagster_home: DagsterHome, tmp_path: Path) -> None:
    parts = build(dagster_home, home=tmp_path / "home", tenants_dir=Path("tenants"))

    for part in parts.values():
        assert part.environ["FRONTDESK_HOME"] == str(tmp_path / "home")
        assert Path(part.environ["FRONTDESK_TENANTS_DIR"]).is_absolute()
        assert part.environ["PATH"] == "/bin"


def test_hosts_and_ports_come_from_the_settings(dagster_home: DagsterHome) -> None:
    parts = build(dagster_home, host=EVERYWHERE, dashboard_port=12345, dagster_port=12346)

    assert parts["dashboard"].url == "http://127.0.0.1:12345"
    assert f"--server.address={EVERYWHERE}" in parts["dashboard"].command
    assert parts["dagster"].ready_url == "http://127.0.0.1:12346/server_info"
    assert build(dagster_home, host="::1")["receiver"].url == "http://[::1]:8000"


def test_threads_share_two_heaps_unless_the_operator_wants_more(dagster_home: DagsterHome) -> None:
    own, theirs = (
        build_parts(Settings(), dagster_home=dagster_home, without=frozenset(), environ=environ)
        for environ in ({}, {"MALLOC_ARENA_MAX": "8"})
    )

    assert {part.environ["MALLOC_ARENA_MAX"] for part in own} == {"2"}
    assert {part.environ["MALLOC_ARENA_MAX"] for part in theirs} == {"8"}


def test_nothing_calls_home(dagster_home: DagsterHome) -> None:
    parts = build(dagster_home)

    assert "--browser.gatherUsageStats=false" in parts["dashboard"].command
    assert all(
        part.environ["DAGSTER_DISABLE_TELEMETRY"] == "true" for part in parts.values() if part.group == "dagster"
    )


def test_dagster_understands_its_settings(dagster_home: DagsterHome) -> None:
    with DagsterInstance.from_config(str(dagster_home.path)) as instance:
        assert instance.telemetry_enabled is False
        assert instance.nux_enabled is False
        assert type(instance.run_storage).__name__ == "SqliteRunStorage"


def test_dagsters_settings_are_the_operators_once_written(tmp_path: Path) -> None:
    for _ in range(2):
        with open_dagster_home(tmp_path) as home:
            file = home.path / "dagster.yaml"
            workspace = yaml.safe_load(home.workspace_path.read_text(encoding="utf-8"))
        file.write_text("telemetry: {enabled: false}\n", encoding="utf-8")

    assert file.read_text(encoding="utf-8") == "telemetry: {enabled: false}\n"
    assert workspace == {
        "load_from": [{"grpc_server": {"socket": str(home.socket_path), "location_name": "frontdesk"}}]
    }


def test_only_this_user_reaches_the_code_server(dagster_home: DagsterHome) -> None:
    assert stat.S_IMODE(dagster_home.socket_path.parent.stat().st_mode) == 0o700
    assert len(os.fsencode(dagster_home.socket_path)) < 100


def test_the_workspace_in_the_root_names_the_same_code(dagster_home: DagsterHome) -> None:
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text(encoding="utf-8"))
    module = workspace["load_from"][0]["python_module"]["module_name"]

    assert module in build(dagster_home)["dagster-code"].command


def test_a_port_in_use_is_told_with_the_setting_that_changes_it(dagster_home: DagsterHome) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        parts = build(dagster_home, "dagster", receiver_port=port, dashboard_port=free_port())

        with pytest.raises(ConfigurationError) as caught:
            check_ports(parts.values(), host="127.0.0.1")

    assert caught.value.detail == (
        f"port {port} (receiver): is in use; stop what listens there, or set FRONTDESK_RECEIVER_PORT"
    )


def test_the_same_port_twice_is_told(dagster_home: DagsterHome) -> None:
    port = free_port()
    parts = build(dagster_home, "dagster", receiver_port=port, dashboard_port=port)

    with pytest.raises(ConfigurationError, match="is given to several; set FRONTDESK_DASHBOARD_PORT"):
        check_ports(parts.values(), host="127.0.0.1")


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [("192.0.2.1", 8000, "FRONTDESK_HOST is no address"), ("127.0.0.1", 99_999, "no port")],
)
def test_a_wrong_address_is_told(dagster_home: DagsterHome, host: str, port: int, reason: str) -> None:
    parts = build(dagster_home, "dagster", "dashboard", receiver_port=port)

    with pytest.raises(ConfigurationError, match=reason):
        check_ports(parts.values(), host=host)


def test_the_live_path_alone_starts_with_a_quicker_allocator_unless_the_operator_preloads_one(
    dagster_home: DagsterHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def preloaded(library: str | None, **environ: str) -> dict[str, str | None]:
        monkeypatch.setattr(allocator, "find_library", lambda name: library if name == "jemalloc" else None)
        parts = build_parts(Settings(), dagster_home=dagster_home, without=frozenset(), environ=environ)
        return {part.name: part.environ.get("LD_PRELOAD") for part in parts if "LD_PRELOAD" in part.environ}

    assert preloaded("libjemalloc.so.2") == {"dagster-code": "libjemalloc.so.2"}
    assert preloaded(None) == {}
    assert set(preloaded("libjemalloc.so.2", LD_PRELOAD="theirs.so").values()) == {"theirs.so"}


def test_a_process_starts_with_the_allocator_that_the_machine_has() -> None:
    library = allocator.quicker_allocator()
    if library is None:
        pytest.skip("this machine has neither jemalloc nor tcmalloc")
    read_maps = "print(open('/proc/self/maps').read())"
    environ = allocator.with_quicker_allocator(os.environ)
    shown = subprocess.run([sys.executable, "-c", read_maps], env=environ, capture_output=True, text=True, check=True)
    assert library.partition(".so")[0] in shown.stdout
    assert shown.stderr == ""
