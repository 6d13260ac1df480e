"""A new home begins with what another home of the same version made, and has nothing of that other home."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from frontdesk.core.log.set_aside import Kind, Step
from frontdesk.domains.tenancy.files import TenantFiles
from pipelines.build.start_cache import StartCache
from pipelines.build.warehouse_builder import WarehouseBuilder
from tests.pipelines.facts import contact
from tests.pipelines.homes import Home, HomeFactory
from tests.pipelines.kept import REPOSITORY


@pytest.fixture
def cache(tmp_path: Path) -> StartCache:
    return StartCache(tmp_path / "cache")


def begin(home: Home, cache: StartCache) -> WarehouseBuilder:
    builder = replace(home.builder(), cache=cache)
    home.warehouse_path.unlink(missing_ok=True)
    builder.begin()
    return builder


def test_a_home_begins_with_anothers_warehouse_and_none_of_its_events(
    homes: HomeFactory, cache: StartCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = homes.new_home(), homes.new_home()
    first.log.append([contact("1", phone="+61491570101")])
    first.set_aside.note(Kind.REPORT, "weekly", step=Step.REPORTING, reason="secret of the first", tenant_id="hmnp")
    begin(first, cache)

    with monkeypatch.context() as patch:
        patch.setattr(WarehouseBuilder, "build", no_build)
        begin(second, cache)
    second.log.append([contact("2", phone="+61491570102")])
    with second.modeller().opened() as modeller:
        assert modeller.follow_to_end() == 1

    assert second.query("select phone from marts.dim_contacts") == [("+61491570102",)]
    assert second.query("select count(*) from marts.fct_set_aside") == [(0,)]
    assert second.modeller().verify() == []


def no_build(*_: object, **__: object) -> None:
    pytest.fail("the warehouse was built")


def test_a_long_log_is_built(homes: HomeFactory, cache: StartCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.build.warehouse_builder.BUILD_BACKLOG", 1)
    home = homes.new_home()
    home.log.append([contact(str(number), phone=f"+6149157010{number}") for number in range(3)])
    begin(home, cache)
    with home.modeller().opened() as modeller:
        assert modeller.modelled_sequence == 3


def test_a_log_that_is_older_than_its_configurations_is_built(homes: HomeFactory, cache: StartCache) -> None:
    home = homes.new_home()
    home.log.append([contact("1", phone="+61491570101")])
    TenantFiles.open(home.engine, folder=REPOSITORY / "tenants", clock=home.clock).write_changes()
    begin(home, cache)
    with home.modeller().opened() as modeller:
        assert modeller.modelled_sequence == home.log.last_sequence() > 1
        assert not modeller.is_renewing


def test_a_file_that_is_not_kept_is_not_taken(cache: StartCache, tmp_path: Path) -> None:
    place = tmp_path / "home" / "file"
    assert not cache.take("digest", "file", to=place)
    assert not place.exists()


def test_the_newest_versions_are_kept(cache: StartCache, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("content")
    for number in range(10):
        cache.keep(str(number), "file", file=file)
        os.utime(tmp_path / "cache" / str(number), (number, number))
    taken = [number for number in range(10) if cache.take(str(number), "file", to=tmp_path / "place")]
    assert taken == list(range(2, 10))


def test_a_folder_that_can_not_be_made_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "file"
    file.write_text("content")
    StartCache(file).keep("digest", "file", file=file)  # a file is where the folder is to be
    assert "nothing is kept for the next start" in caplog.text
