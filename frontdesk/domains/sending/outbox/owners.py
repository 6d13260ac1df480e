"""Who holds leases, and who of them is known to be dead.

A dispatcher keeps a file of its own locked for as long as it lives. The kernel gives the lock back when the process
dies, however it dies, so whoever finds the file unlocked knows that nobody calls by its leases any more and need not
wait until they run out. A file that is not there says nothing: then the lease has to run out.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection
from pathlib import Path

from frontdesk.core.ids import IdFactory

#: Characters of an owner's name: what its leases' tokens begin with.
NAME_LENGTH = 16
_SUFFIX = ".lock"


def owners_folder(home: Path) -> Path:
    """Return where the owners of a home keep their files."""
    return home.absolute() / "run" / "dispatchers"


class Owner:
    """One living owner. Raises OSError where its file can't be made."""

    def __init__(self, folder: Path, *, ids: IdFactory) -> None:
        self.name = _hex_of(ids)[-NAME_LENGTH:]
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{self.name}{_SUFFIX}"
        draft = folder / f"{self.name}.draft"
        # Not inherited: a child that outlives its parent would keep the lock.
        self._file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        draft.rename(self._path)  # nobody sees it unlocked

    def new_token(self, ids: IdFactory) -> str:
        """Return a token for a lease of this owner, of 36 characters as any other."""
        return f"{self.name}-{_hex_of(ids)[NAME_LENGTH - 3 :]}"

    def close(self) -> None:
        """Say that it lives no more, and has no lease left."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)


def find_dead(folder: Path) -> frozenset[str]:
    """Return the names of the owners that died with their files left behind."""
    return frozenset(path.stem for path in folder.glob(f"*{_SUFFIX}") if _is_unlocked(path))


def forget(folder: Path, names: Collection[str]) -> None:
    """Remove the files of dead owners whose leases were taken back."""
    for name in names:
        (folder / f"{name}{_SUFFIX}").unlink(missing_ok=True)


def _is_unlocked(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # gone just now, or another user's: nothing is known of it
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(file)
    return True


def _hex_of(ids: IdFactory) -> str:
    return ids.new_event_id().replace("-", "")
