"""One running process with everything it starts: begun in a group of its own, ended as a group."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable

from frontdesk.core.running.output import OutputLog
from frontdesk.core.running.parts import Part

_POLL_S = 0.05


class PartProcess:
    """The process of a part. Its output is read by a thread until it ends."""

    def __init__(
        self, part: Part, *, log: OutputLog, on_line: Callable[[str], None], listener: socket.socket | None = None
    ) -> None:
        """`listener`: what listens on the part's port; its command is told the number."""
        self._part = part
        self._log = log
        self._on_line = on_line
        self.is_announced = threading.Event()  #: its output held the part's ready_line
        log.begin()
        # A session of its own: Ctrl-C reaches only us, and we end the others in order, with all they started.
        handed = () if listener is None else (listener.fileno(),)
        self._process = subprocess.Popen(
            (*part.command, *(f"--listener={number}" for number in handed)),
            pass_fds=handed,
            env=dict(part.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name=f"{part.name}-output", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process's id, and its group's."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, None while it runs."""
        return self._process.poll()

    def stop(self) -> bool:
        """End the whole group; return False if it had to be killed."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + self._part.grace_s
        while time.monotonic() < deadline and _is_group_alive(self.pid):
            self._process.poll()  # reaps it, so that the group can be seen to be gone
            time.sleep(_POLL_S)
        self._process.poll()
        is_gone = not _is_group_alive(self.pid)
        if not is_gone:
            self._signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join(timeout=1)
        return is_gone

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return  # it has ended by itself

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        for line in stream:
            text = self._log.write(line)
            if self._part.ready_line and self._part.ready_line in text:
                self.is_announced.set()
            self._on_line(text)


def _is_group_alive(group: int) -> bool:
    """Return whether a process of the group still runs."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
