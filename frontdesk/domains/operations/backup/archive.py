"""The archive of a backup: a .tar.gz of the database, the files beside it, and last a manifest with digests."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from frontdesk.domains.operations.backup.errors import BackupError

MANIFEST: Final = "manifest.json"
#: Names of the database in the archive, by its kind.
DATABASES: Final = {"sqlite": "database/frontdesk.db", "postgresql": "database/frontdesk.pgdump"}
TENANTS: Final = "tenants"
_FORMAT: Final = 1
_PIECE_BYTES: Final = 1 << 20
#: Of 1 to 9: a database shrinks to a quarter by the least already, and the disk is the limit then.
_COMPRESSION: Final = 2

#: Called with what is done, how many bytes of it, and of how many.
OnProgress = Callable[[str, int, int], None]


class ArchivedFile(BaseModel):
    """A file in the archive. Sizes in bytes."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    size: int


class Manifest(BaseModel):
    """What a backup holds. Times are aware UTC."""

    model_config = ConfigDict(frozen=True)

    format: int = _FORMAT
    made_at: datetime
    frontdesk_version: str
    database: Literal["sqlite", "postgresql"]
    database_version: str
    revision: str  #: of the schema
    newest_sequence: int  #: of the newest event; 0 for an empty log
    newest_event_id: str | None
    counts: dict[str, int]  #: rows of each table
    files: dict[str, ArchivedFile]  #: by name in the archive


def write_archive(
    target: IO[bytes], manifest: Manifest, *, files: Iterable[tuple[str, Path]], progress: OnProgress
) -> Manifest:
    """Write the files and the manifest, which is returned with their digests. Raises OSError."""
    named = sorted(files)
    total, done = sum(path.stat().st_size for _, path in named), 0
    archived: dict[str, ArchivedFile] = {}
    with tarfile.open(fileobj=target, mode="w:gz", compresslevel=_COMPRESSION) as tar:
        for name, path in named:
            with path.open("rb") as file:
                member = tar.gettarinfo(arcname=name, fileobj=file)
                member.mode, member.uid, member.gid, member.uname, member.gname = 0o600, 0, 0, "", ""
                reader = _Digested(file, on_read=lambda size, before=done: progress("Writing", before + size, total))  # type: ignore[misc] # mypy knows no default of a lambda
                tar.addfile(member, reader)  # type: ignore[arg-type] # it asks for read() alone
            archived[name] = ArchivedFile(sha256=reader.digest.hexdigest(), size=member.size)
            done += member.size
        whole = manifest.model_copy(update={"files": archived})
        content = whole.model_dump_json(indent=1).encode()
        last = tarfile.TarInfo(MANIFEST)
        last.size, last.mode, last.mtime = len(content), 0o600, int(manifest.made_at.timestamp())
        tar.addfile(last, io.BytesIO(content))
    return whole


def extract_archive(archive: Path, folder: Path, *, progress: OnProgress) -> Manifest:
    """Write an archive's files into an empty folder and compare each with the manifest.

    Raises BackupError if the archive is damaged or no backup of ours, OSError if the folder can't be written.
    """
    size = archive.stat().st_size
    found: dict[str, ArchivedFile] = {}
    content: bytes | None = None
    # Not tarfile's own "r|gz", which does not compare gzip's checksum.
    with (
        archive.open("rb") as file,
        _reading(archive),
        gzip.open(file) as plain,
        tarfile.open(fileobj=plain, mode="r|") as tar,
    ):
        for member in tar:
            source = tar.extractfile(member)
            if source is None or content is not None or not _is_plain(member.name):
                raise BackupError(f"{archive}: {member.name!r} does not belong into a backup; it is none of ours")
            if member.name == MANIFEST:
                content = source.read()
                continue
            found[member.name] = _write(source, folder / member.name)
            progress("Verifying", file.tell(), size)
        while plain.read(_PIECE_BYTES):
            pass  # to its end, where the checksum is
    return _checked(archive, content, found=found)


def _checked(archive: Path, content: bytes | None, *, found: dict[str, ArchivedFile]) -> Manifest:
    if content is None:
        raise BackupError(f"{archive} ends before its manifest: it is damaged; take another backup")
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise BackupError(f"{archive}: its manifest can't be read; is it a backup of a newer version?") from error
    if manifest.format != _FORMAT:
        raise BackupError(
            f"{archive}: it is of format {manifest.format}, made by a newer version; restore it with that"
        )
    if different := sorted(name for name in manifest.files | found if manifest.files.get(name) != found.get(name)):
        raise BackupError(f"{archive}: {different[0]} is not as it was backed up: it is damaged; take another backup")
    if DATABASES[manifest.database] not in found:
        raise BackupError(f"{archive} holds no database; it is none of ours")
    return manifest


@contextmanager
def _reading(archive: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise BackupError(f"{archive} can't be read: it is damaged, or no backup ({error}); take another") from error
    except OSError as error:
        if error.errno is None:  # gzip's own: a wrong checksum, or no gzip file at all
            raise BackupError(
                f"{archive} can't be read: it is damaged, or no backup ({error}); take another"
            ) from error
        raise


def _is_plain(name: str) -> bool:
    """Tell whether a name stays in the folder that it is written into."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts


def _write(source: IO[bytes], target: Path) -> ArchivedFile:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = sha256(), 0
    target.touch(mode=0o600)
    with target.open("wb") as file:
        while piece := source.read(_PIECE_BYTES):
            digest.update(piece)
            file.write(piece)
            size += len(piece)
    return ArchivedFile(sha256=digest.hexdigest(), size=size)


class _Digested:
    """A file whose bytes are counted and digested as they are read."""

    def __init__(self, file: IO[bytes], *, on_read: Callable[[int], None]) -> None:
        self._file = file
        self._on_read = on_read
        self._size = 0
        self.digest = sha256()

    def read(self, size: int) -> bytes:
        """Read up to so many bytes."""
        piece = self._file.read(size)
        self.digest.update(piece)
        self._size += len(piece)
        self._on_read(self._size)
        return piece
