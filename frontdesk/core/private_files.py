"""What is in a home is people's data: its folders are 0700 and its files 0600, whatever umask the shell has.

With FRONTDESK_PUBLISHED_GROUP that group may enter the home and read the published file there, and nothing else.
"""

from __future__ import annotations

import grp
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from frontdesk.core.errors import ConfigurationError

#: Nobody but this user: what any process of ours makes from now on.
UMASK = 0o077
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
#: What Frontdesk makes in a home. What else there may be in that folder is not ours to change.
_FOLDERS = ("backups", "dagster", "dbt_target", "docs", "logs", "media", "published", "rehearsals", "reports", "run")
_FILES = ("frontdesk.db*", "warehouse*", "analytics*", "*.lock", "*secrets*")
_PUBLISHED_FOLDER, _PUBLISHED_FILES = "published", "*.duckdb"


def begin_privately() -> None:
    """Make this process, and those it starts, create files for this user only."""
    os.umask(UMASK)


def keep_private(home: Path, *, group: str | None) -> None:
    """Make a home, and what is in it from earlier, private; nothing happens if there is none yet.

    Raises ConfigurationError for a group that there is not.
    """
    group_id = find_group(group)
    home = home.resolve()  # where its path is a link, the folder behind it is the home
    if group_id is not None:
        (home / _PUBLISHED_FOLDER).mkdir(parents=True, exist_ok=True)
    if not home.is_dir():
        return
    for path in _too_open(home, group_id=group_id):
        try:
            path.chmod(_mode_of(path) & ~_OTHERS)
        except OSError:
            continue  # another user's: `frontdesk doctor` tells
    if group_id is not None:
        _share_published(home, group_id=group_id)


def share_as_its_folder(path: Path) -> None:
    """Let a published file's readers be those of its folder: this user, and the group that keep_private let in."""
    folder = path.parent.stat()
    _share(path, folder.st_mode & stat.S_IRGRP, group_id=folder.st_gid)


def too_open(home: Path, *, group: str | None) -> list[Path]:
    """Return what other users can reach and should not. Raises ConfigurationError for a group that there is not."""
    group_id = find_group(group)
    return list(_too_open(home.resolve(), group_id=group_id)) if home.is_dir() else []


def _share_published(home: Path, *, group_id: int) -> None:
    folder = home / _PUBLISHED_FOLDER
    shared = [(home, stat.S_IXGRP), (folder, stat.S_IRGRP | stat.S_IXGRP)]
    shared += [(file, stat.S_IRGRP) for file in folder.glob(_PUBLISHED_FILES)]
    for path, bits in shared:
        try:
            _share(path, bits, group_id=group_id)
        except FileNotFoundError:
            continue  # nothing is published yet, or the file's turn has come
        except PermissionError as error:
            raise ConfigurationError(
                f"FRONTDESK_PUBLISHED_GROUP: this user may not give {path} to it; make the user a member"
            ) from error


def find_group(name: str | None) -> int | None:
    """Return a group's number; None for none. Raises ConfigurationError if there is no such group."""
    if name is None:
        return None
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise ConfigurationError(f"FRONTDESK_PUBLISHED_GROUP: there is no group {name}; make it first") from error


def _share(path: Path, bits: int, *, group_id: int) -> None:
    found = path.stat()
    if bits and found.st_gid != group_id:
        os.chown(path, -1, group_id)
    if stat.S_IMODE(found.st_mode) & _OTHERS != bits:
        path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS | bits)


def _too_open(home: Path, *, group_id: int | None) -> Iterator[Path]:
    for path in _own(home):
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue  # it was there a moment ago
        allowed = _shared_bits(path, home=home) if found.st_gid == group_id else 0
        if not stat.S_ISLNK(found.st_mode) and found.st_mode & _OTHERS & ~allowed:
            yield path


def _shared_bits(path: Path, *, home: Path) -> int:
    if path == home:
        return stat.S_IXGRP
    if path == home / _PUBLISHED_FOLDER:
        return stat.S_IRGRP | stat.S_IXGRP
    is_published = path.parent == home / _PUBLISHED_FOLDER or path.name.startswith("analytics")
    return stat.S_IRGRP if is_published else 0


def _own(home: Path) -> Iterator[Path]:
    """Yield the home and all that Frontdesk made in it; links in it are not followed."""
    yield home
    for pattern in _FILES:
        yield from (path for path in home.glob(pattern) if not path.is_dir())
    for name in _FOLDERS:
        folder = home / name
        if folder.is_symlink() or not folder.is_dir():
            continue
        yield folder
        for root, folders, files in os.walk(folder):
            yield from (Path(root) / each for each in (*folders, *files))


def _mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)
