"""Tells whose fault an error is: the machine's, which passes, or that of what is worked on, which would stay."""

from __future__ import annotations

import duckdb
from sqlalchemy.exc import InterfaceError, OperationalError

from frontdesk.core.errors import UnavailableError

#: Disk, memory, network, database, somebody's interruption: the same work can succeed later.
_OF_MACHINE = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.InterruptException,
    duckdb.ConnectionException,
    duckdb.HTTPException,
    duckdb.PermissionException,
    UnavailableError,
    OperationalError,
    InterfaceError,
    OSError,
    MemoryError,
)
#: In the words of the operating system, which DuckDB also tells within other errors.
_DISK_FULL = "No space left on device"
#: As DuckDB begins such errors, in what another process prints.
_WORDS_OF_MACHINE = ("Out of Memory Error: ", "IO Error: ", _DISK_FULL)
#: After these DuckDB answers nothing more until the file is opened anew.
_BREAKS_CONNECTION = (duckdb.InternalException, duckdb.FatalException)


def is_of_machine(error: BaseException) -> bool:
    """Tell whether the machine is at fault: nothing is to be set aside, the work is to be tried again."""
    is_disk_full = isinstance(error, duckdb.Error) and _DISK_FULL in str(error)
    # In place of what a signal's handler raised, such as Ctrl-C's, DuckDB raises a RuntimeError because of it.
    is_signal = error.__cause__ is not None and not isinstance(error.__cause__, Exception)
    return is_disk_full or is_signal or isinstance(error, _OF_MACHINE) or not isinstance(error, Exception)


def tells_of_machine(text: str) -> bool:
    """Tell whether what another process printed says that the machine is at fault."""
    return any(words in text for words in _WORDS_OF_MACHINE)


def breaks_connection(error: BaseException) -> bool:
    """Tell whether the warehouse has to be opened anew after an error."""
    return isinstance(error, _BREAKS_CONNECTION)
