"""What processes hold and use is told by the part that started them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.process_table import SUPERVISOR, read_uses

_PARENT_OF_ONE = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "print('here', flush=True); input()"], stdin=subprocess.PIPE)
input()
child.communicate()
"""


def test_a_part_is_its_process_with_all_that_it_started(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT_OF_ONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        both = read_uses(process.pid, home=tmp_path)
        (tmp_path / "run" / "receiver.pid").write_text(f"{process.pid} 1", encoding="ascii")
        uses = read_uses(os.getpid(), home=tmp_path)
        process.communicate("")

    assert both.keys() == {SUPERVISOR}
    assert both[SUPERVISOR].rss_mb > 12, "two processes of Python"
    assert uses.keys() >= {SUPERVISOR, "receiver"}
    assert uses["receiver"].rss_mb >= uses["receiver"].pss_mb > 0
    assert uses["receiver"].cpu_s >= 0
