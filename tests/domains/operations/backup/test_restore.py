"""A restore verifies first, puts back everything, and holds all that is due."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from frontdesk.core.cli import build_app
from frontdesk.core.errors import ConfigurationError, FrontdeskError
from frontdesk.core.log.database import writing
from frontdesk.core.log.migrations.revisions import newest_revision, read_revision
from frontdesk.core.running.run_files import RunFiles
from frontdesk.core.secret_store.stored_secrets import open_secrets
from frontdesk.domains.operations.backup.errors import BackupError
from frontdesk.domains.sending.outbox.holds import HoldScope
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.core.log.migrations.old_homes import make_sqlite
from tests.core.secret_store.stores import KEY, WITH_KEY, Store
from tests.domains.operations.backup.places import CLOCK, IDS, Place


@pytest.fixture
def archive(place: Place, tmp_path: Path) -> Path:
    place.append(["a", "b", "c"])
    place.back_up(tmp_path / "backup.tar.gz")
    return tmp_path / "backup.tar.gz"


def held(place: Place) -> list[str]:
    engine = place.engine()
    found = [hold.reason for hold in Outbox(engine, clock=CLOCK, ids=IDS).holds() if hold.scope == HoldScope()]
    engine.dispose()
    return found


def test_a_lost_home_is_brought_back_elsewhere(other: Place, archive: Path) -> None:
    done = other.restore(archive)

    assert other.events() == ["a", "b", "c"]
    assert other.append(["d"]) == [4]
    assert (other.home / "media/noizylab/photo.jpg").read_text(encoding="utf-8") == "a photo"
    assert (other.home / "reports/noizylab/weekly/a.json").exists()
    assert (other.settings.tenants_dir / "noizylab.yaml").exists()
    assert not (other.home / "warehouse.duckdb").exists()
    assert done.moved_to is None
    [reason] = held(other)
    assert reason.startswith("restored from the backup of 20")
    assert reason.endswith("what went out since is not known")


def test_stored_secrets_come_back_and_need_their_key(place: Place, other: Place, tmp_path: Path) -> None:
    engine = place.engine()
    Store(engine).set("noizylab", "STRIPE_WEBHOOK_SECRET", "whsec_hidden")
    engine.dispose()
    archive = tmp_path / "backup.tar.gz"
    assert place.back_up(archive).counts["stored_secrets"] == 1

    other.restore(archive)

    engine = other.engine()
    restored = open_secrets(engine, environ=WITH_KEY)
    assert restored.values("noizylab", "STRIPE_WEBHOOK_SECRET") == ("whsec_hidden",)
    assert open_secrets(engine, environ={}).unreadable()
    engine.dispose()
    contents = gzip.decompress(archive.read_bytes())
    assert b"stored_secrets" in contents
    assert b"whsec_hidden" not in contents
    assert KEY.encode() not in contents


def test_what_was_there_is_moved_aside_and_not_deleted(place: Place, archive: Path) -> None:
    place.append(["later"])
    (place.settings.tenants_dir / "noizylab.yaml").write_text("slug: changed", encoding="utf-8")

    with pytest.raises(BackupError, match=r"not empty.*--replace"):
        place.restore(archive)
    assert place.events() == ["a", "b", "c", "later"]

    done = place.restore(archive, is_replacing=True)

    assert place.events() == ["a", "b", "c"]
    assert done.moved_to is not None
    assert (done.moved_to / "warehouse.duckdb").exists()
    assert (done.moved_to / "published/analytics-0.duckdb").exists()
    assert not (place.home / "warehouse.duckdb").exists()
    assert (done.moved_to / "tenants/noizylab.yaml").read_text(encoding="utf-8") == "slug: changed"
    assert (place.settings.tenants_dir / "noizylab.yaml").read_text(encoding="utf-8") == "slug: noizylab"
    if place.backend is None:
        assert (done.moved_to / "frontdesk.db").exists()
    else:
        engine = place.engine()
        with engine.connect() as connection:
            count = connection.exec_driver_sql(f'SELECT count(*) FROM "{done.schema_moved_to}".event_log').scalar()
        engine.dispose()
        assert count == 4


def test_a_business_s_file_that_differs_is_left_alone_without_replace(other: Place, archive: Path) -> None:
    other.settings.tenants_dir.mkdir(parents=True)
    (other.settings.tenants_dir / "noizylab.yaml").write_text("slug: ours", encoding="utf-8")

    done = other.restore(archive)

    assert (other.settings.tenants_dir / "noizylab.yaml").read_text(encoding="utf-8") == "slug: ours"
    assert done.other_tenants is not None
    assert (done.other_tenants / "noizylab.yaml").read_text(encoding="utf-8") == "slug: noizylab"


def test_a_hold_of_everything_before_the_backup_is_told_with_the_restore_s(
    place: Place, other: Place, tmp_path: Path
) -> None:
    engine = place.engine()
    Outbox(engine, clock=CLOCK, ids=IDS).hold(HoldScope(), reason="we move", held_by="ana")
    engine.dispose()
    place.back_up(tmp_path / "backup.tar.gz")

    other.restore(tmp_path / "backup.tar.gz")

    [reason] = held(other)
    assert reason.endswith("; held before: we move")


def test_a_backup_of_an_older_version_is_brought_to_today_s_revision(tmp_path: Path) -> None:
    place, other = Place(tmp_path / "first"), Place(tmp_path / "other")
    place.furnish()
    make_sqlite(place.home / "frontdesk.db")
    place.back_up(tmp_path / "backup.tar.gz")

    other.restore(tmp_path / "backup.tar.gz")

    assert len(other.events()) == 31
    assert read_revision(other.engine()) == newest_revision()
    assert len(held(other)) == 1


def test_every_damage_is_refused_in_one_line_and_nothing_is_touched(sqlite_place: Place, tmp_path: Path) -> None:
    sqlite_place.append(["a", "b", "c"])
    sqlite_place.back_up(tmp_path / "whole.tar.gz")
    whole = (tmp_path / "whole.tar.gz").read_bytes()
    before = sqlite_place.files()
    plain = gzip.decompress(whole)
    at = plain.index(b"a photo")
    damaged = {
        "cut short": whole[: len(whole) // 2],
        "a bit turned": _with_a_bit_turned(whole),
        "a bit turned where the archive is padded": gzip.compress(plain[: at + 7] + b"\x01" + plain[at + 8 :])[:-8]
        + whole[-8:],
        "another photo, well packed": gzip.compress(plain[:at] + b"A photo" + plain[at + 7 :]),
        "no archive": b"hello",
        "empty": b"",
        "no manifest": gzip.compress(plain[: plain.index(b"manifest.json")] + bytes(1_024)),
    }
    for name, content in damaged.items():
        archive = tmp_path / "damaged.tar.gz"
        archive.write_bytes(content)
        for target in (sqlite_place, Place(tmp_path / "other")):
            with pytest.raises(BackupError) as raised:
                target.restore(archive, is_replacing=True)
            assert "\n" not in raised.value.detail, name
    assert sqlite_place.files() == before
    assert not (tmp_path / "other" / "home").exists()
    assert [path.name for path in sqlite_place.folder.iterdir() if "restoring" in path.name] == []


def _with_a_bit_turned(archive: bytes) -> bytes:
    """Turn a bit in its middle, of which something depends: among packed zeros some say the same either way."""
    plain = gzip.decompress(archive)
    for place in range(len(archive) // 2, len(archive)):
        turned = archive[:place] + bytes([archive[place] ^ 1]) + archive[place + 1 :]
        try:
            if gzip.decompress(turned) != plain:
                return turned
        except (OSError, EOFError, zlib.error):
            return turned
    raise AssertionError("every bit can be turned")


def test_a_home_that_is_up_is_refused(sqlite_place: Place, tmp_path: Path) -> None:
    sqlite_place.append(["a"])
    sqlite_place.back_up(tmp_path / "backup.tar.gz")

    with RunFiles(sqlite_place.home).locked(), pytest.raises(FrontdeskError, match="frontdesk is up in"):
        sqlite_place.restore(tmp_path / "backup.tar.gz", is_replacing=True)

    assert sqlite_place.events() == ["a"]


def test_a_database_that_a_process_has_open_is_refused(place: Place, archive: Path) -> None:
    engine = place.engine()
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")

    with pytest.raises(BackupError, match=r"in use|connections to the database are open"):
        place.restore(archive, is_replacing=True)

    engine.dispose()
    assert place.events() == ["a", "b", "c"]


def test_a_backup_of_a_newer_version_is_refused(sqlite_place: Place, tmp_path: Path) -> None:
    sqlite_place.append(["a"])
    manifest = sqlite_place.back_up(tmp_path / "backup.tar.gz")
    plain = gzip.decompress((tmp_path / "backup.tar.gz").read_bytes())
    now, later = f'"revision": "{manifest.revision}"'.encode(), b'"revision": "0999"'
    (tmp_path / "newer.tar.gz").write_bytes(gzip.compress(plain.replace(now, later)))

    with pytest.raises(BackupError, match="revision 0999"):
        Place(tmp_path / "other").restore(tmp_path / "newer.tar.gz")


def test_a_backup_of_the_other_database_is_refused(place: Place, archive: Path, tmp_path: Path) -> None:
    if place.backend is None:
        return
    with pytest.raises(BackupError, match="of the same kind"):
        Place(tmp_path / "plain").restore(archive)


def test_the_command_restores_and_tells_of_the_hold(
    sqlite_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(sqlite_place.settings.tenants_dir))
    sqlite_place.append(["a", "b"])
    sqlite_place.back_up(tmp_path / "backup.tar.gz")

    result = CliRunner().invoke(
        build_app("restore"), ["restore", str(tmp_path / "backup.tar.gz"), "--home", str(tmp_path / "new")]
    )

    assert result.exit_code == 0, result.output
    assert "2 events up to 2" in result.output
    assert "Everything that is due is held" in result.output
    assert (tmp_path / "new" / "frontdesk.db").stat().st_mode & 0o077 == 0


def test_a_newer_database_in_the_place_is_replaced_when_told(sqlite_place: Place, tmp_path: Path) -> None:
    """What the refusal of a newer home advises."""
    sqlite_place.append(["a"])
    sqlite_place.back_up(tmp_path / "backup.tar.gz")
    engine = sqlite_place.engine()
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    engine.dispose()
    with pytest.raises(ConfigurationError, match="frontdesk restore"):
        sqlite_place.events()

    sqlite_place.restore(tmp_path / "backup.tar.gz", is_replacing=True)

    assert sqlite_place.events() == ["a"]
