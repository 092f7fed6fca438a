"""Whatever callers and strangers send, the log stays lines of plain signs."""

import subprocess
import sys

import pytest

from crm_core.logs import masked

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


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_number_of_a_customer_stands_in_the_log(form: str) -> None:
    say = SAY.format(form=form).replace('"/x', '"+79161112233 in-74951112245-79161112233-1795304636.0.wav')
    ran = subprocess.run([sys.executable, "-c", say], capture_output=True, check=True, timeout=60)
    said = ran.stderr.decode()

    assert "9161112233" not in said
    assert "+79…33 in-74…45-79…33-1795304636.0.wav" in said


@pytest.mark.parametrize(
    "text",
    [
        "1795304636.198908",
        "PJSIP/trunk-0000001a",
        "2026-11-21T23:43:56.199Z",
        "port 5038",
        "99 calls",
        "d01c3014881c9c6f3133c182f3d2887eb6ca",
    ],
)
def test_what_is_no_number_stays_to_be_looked_up(text: str) -> None:
    assert masked(text) == text
