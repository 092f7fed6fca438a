"""Whatever callers and strangers send, the log stays lines of plain signs."""

import subprocess
import sys

import pytest

SAY = """
import structlog
from crm_core.logs import begin_log
from crm_core.settings import Settings
begin_log(Settings(log_format={form!r}, _env_file=None))
structlog.get_logger().error("request_failed", path="/x\\x1b[31m\\u202e\\x9b1m\\nforged", name="Ольга", count=3)
"""


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_text_of_a_stranger_steers_the_terminal_or_forges_a_line(form: str) -> None:
    ran = subprocess.run([sys.executable, "-c", SAY.format(form=form)], capture_output=True, check=True, timeout=60)
    said = ran.stderr.decode()

    assert len(said.splitlines()) == 1
    assert said.strip().isprintable()
    assert "Ольга" in said
