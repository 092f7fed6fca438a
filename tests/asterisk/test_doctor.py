"""The doctor at a real Asterisk 16 and 22: with each fault he names put in on purpose, and with none."""

import asyncio
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.doctor import checkup
from api.doctor.findings import Finding, Verdict
from crm_core.calls import journal
from crm_core.db import Database
from crm_core.dialling.rules import DialRules
from crm_core.dialling.settings import set_rules
from crm_core.exchanges import registry
from crm_core.exchanges.addresses import AmiAddress
from crm_core.exchanges.registry import NewExchange
from crm_core.secrets import SecretBox
from tests.asterisk import chroot
from tests.asterisk.ami_tap import AmiTap
from tests.asterisk.daemon import free_tcp_port
from tests.asterisk.exchange import DIRECT, QUEUE, RealExchange
from tests.databases import fresh_sqlite, sqlite_template
from tests.pbx.tls_door import certificate

pytestmark = pytest.mark.asterisk

BOX = SecretBox("a key")
SECRET = "s3cr3t-never-shown"
DOOR = "secret = s3cr3t-never-shown\npermit = 127.0.0.1/255.255.255.255\nwritetimeout = 5000\n"
USERS = f"""
[reads-all]
{DOOR}read = all
write = reporting
[reads-system]
{DOOR}read = system,call,agent
write = reporting
[commands]
{DOOR}read = call,agent
write = reporting,command
[systems]
{DOOR}read = call,agent
write = reporting,system
[configures]
{DOOR}read = call,agent
write = reporting,config
[originates]
{DOOR}read = call,agent
write = reporting,originate
[calls]
{DOOR}read = call,agent
write = reporting,call
[asks-nothing]
{DOOR}read = call,agent
[deaf]
{DOOR}read = cdr
write = reporting
[impatient]
secret = {SECRET}
permit = 127.0.0.1/255.255.255.255
read = call,agent
write = reporting
[dials-and-hangs-up]
{DOOR}read = call
write = originate,call
[dials-nothing]
{DOOR}read = call
"""
FAULTY = {
    "manager.d/firstring.conf": USERS + "\n[general](+)\ntimestampevents = no\nchannelvars = FOO\n",
    "cdr.conf": "\n[general](+)\nenable = no\nbatch = yes\nunanswered = no\n",
    "cdr_custom.conf": "\nother.csv => ${CDR(src)}\n",
    "cdr_odbc.conf": "\n[global]\ndsn = office\n",
    "cel.conf": "\n[general](+)\nenable = no\n",
    "queues.conf": "\n[loud]\nringinuse = yes\nmonitor-format = wav\neventwhencalled = no\nmember => PJSIP/101\n",
}
FAULTY_CEL = {"cel.conf": "\n[general](+)\nevents = CHAN_START,HANGUP\ndateformat = %F %T\n"}


@dataclass(frozen=True, slots=True)
class Practice:
    """A doctor's practice beside one exchange."""

    exchange: RealExchange
    database_url: str

    @property
    def config_folder(self) -> Path:
        return self.exchange.home / "etc"

    def finds(
        self, *, with_config: bool = False, heard: "HeardCall | None" = None, context: str | None = None, **told: object
    ) -> "Found":
        """What he finds at an exchange that is told so, and of which this was heard."""
        usual = NewExchange(
            name="office", ami=self.address(*self.exchange.reader), dial_user=self.exchange.dialler[0],
            dial_secret=self.exchange.dialler[1], recordings_root=self.exchange.recordings, cel_file=self.exchange.cel_csv,
        )  # fmt: skip
        new = replace(usual, **told)  # type: ignore[arg-type]
        return Found(asyncio.run(self._found(new, with_config, heard, context)))

    def as_user(self, user: str, **more: object) -> "Found":
        return self.finds(ami=self.address(user, SECRET), **more)  # type: ignore[arg-type]

    def address(self, user: str, secret: str) -> AmiAddress:
        return AmiAddress(self.exchange.host, self.exchange.port, False, user, secret)

    async def _found(self, new: NewExchange, with_config: bool, heard: "HeardCall | None", context: str | None) -> list[Finding]:
        database, now = Database(self.database_url), datetime.now(UTC)
        try:
            async with database.write() as tx:
                known = await registry.id_of(tx, new.name)
                if known is None:
                    known = await registry.add(tx, new, BOX, now=now)
                else:
                    await registry.change(tx, known, new, BOX, now=now, by=None)
                rules = DialRules(countries=("RU",))
                await set_rules(tx, known, replace(rules, context=context or rules.context), now=now, by=None)
                if heard is not None:
                    await journal.append(tx, known, f"{now:%Y%m%dT%H%M%S%f}"[:30], 0, heard.since, heard.data)
            folder = self.config_folder if with_config else None
            return await checkup.of_exchange(database, new.name, BOX, now=now, config_folder=folder)
        finally:
            await database.close()


class Found:
    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        self.codes = {finding.code: finding for finding in findings}
        self.faults = {finding.code for finding in findings if finding.verdict is Verdict.FAULT}
        self.notes = {finding.code for finding in findings if finding.verdict is Verdict.NOTE}

    def pasted(self, code: str) -> list[str]:
        return [line for fragment in self.codes[code].paste for line in fragment.lines]


Opens = Callable[[Mapping[str, str]], Practice]


@pytest.fixture(scope="module", params=["sid", "bullseye"])
def suite(request: pytest.FixtureRequest) -> str:
    request.getfixturevalue("requires_asterisk" if request.param == "sid" else "requires_asterisk_16")
    return str(request.param)


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with sqlite_template() as file:
        yield file


@pytest.fixture(scope="module")
def well(suite: str, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """As it is shipped, with users beside ours of whom each has one fault."""
    with RealExchange(suite=suite, extra={"manager.d/firstring.conf": USERS}) as exchange:
        yield Practice(exchange, fresh_sqlite(template, tmp_path_factory.mktemp("well")))


@pytest.fixture(scope="module")
def ill(suite: str, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with RealExchange(suite=suite, extra=FAULTY) as exchange:
        yield Practice(exchange, fresh_sqlite(template, tmp_path_factory.mktemp("ill")))


@dataclass(frozen=True, slots=True)
class HeardCall:
    since: datetime
    data: bytes


def a_call_heard(exchange: RealExchange, user: str, secret: str, called: str = DIRECT) -> HeardCall:
    """A short answered call, as that user hears it."""
    since = datetime.now(UTC)
    with AmiTap(exchange.host, exchange.port, user, secret) as tap, exchange.phone("101", answers_after=0.3):
        tap.ask({"Action": "CoreStatus"})
        exchange.customer_calls(called, talks=1).finish()
        exchange.wait_until_quiet()
        tap.settle()
        return HeardCall(since, bytes(tap.heard))


def test_nothing_is_wrong_with_an_exchange_as_it_is_shipped(well: Practice) -> None:
    heard = a_call_heard(well.exchange, *well.exchange.reader, called=QUEUE)

    seen = well.finds(heard=heard)
    with_files = well.finds(heard=heard, with_config=True)

    assert (seen.faults, seen.notes - {"end_of_life"}) == (set(), set())
    assert (with_files.faults, with_files.notes - {"end_of_life"}) == (set(), set())
    assert {"reached", "reader_let_in", "dialler_let_in", "writes_little", "reads_not_all", "dialler_places", "context_there",
            "call_events", "agent_events", "timestamps", "writetimeout", "channelvars", "cdr_on", "clock",
            "recordings_readable"} <= set(seen.codes)  # fmt: skip
    assert {"cdr_at_once", "cdr_linkedid", "queues_well"} <= set(with_files.codes)


def test_a_quiet_exchange_is_never_called_fine_where_it_was_not_seen(well: Practice) -> None:
    seen = well.finds(name="quiet")

    unseen = {code for code, finding in seen.codes.items() if finding.verdict is Verdict.UNKNOWN}
    assert {"timestamps_unknown", "channelvars_unknown", "call_events_unknown", "cdr_ways_unknown", "queues_unknown"} <= unseen


def test_the_version_is_held_against_the_table_of_holes(well: Practice, suite: str) -> None:
    seen = well.finds()

    assert ("no_known_hole" if suite == "sid" else "holes_perhaps_mended") in seen.codes
    assert ("end_of_life" in seen.notes) == (suite == "bullseye")


@pytest.mark.parametrize(
    ("user", "code", "verdict"),
    [
        ("reads-all", "reads_all", Verdict.FAULT),
        ("reads-system", "reads_system", Verdict.NOTE),
        ("commands", "may_command", Verdict.FAULT),
        ("systems", "may_system", Verdict.FAULT),
        ("configures", "may_config", Verdict.FAULT),
        ("originates", "may_originate", Verdict.FAULT),
        ("calls", "may_more", Verdict.NOTE),
        ("asks-nothing", "lacks_reporting", Verdict.FAULT),
        ("impatient", "short_writetimeout", Verdict.FAULT),
    ],
)
@pytest.mark.parametrize("with_config", [False, True], ids=["by_ami_alone", "with_its_files"])
def test_a_fault_of_the_reader_is_seen(well: Practice, user: str, code: str, verdict: Verdict, with_config: bool) -> None:
    seen = well.as_user(user, with_config=with_config, name=user)

    assert seen.codes[code].verdict is verdict
    assert seen.faults == ({code} if verdict is Verdict.FAULT else set())
    assert f"[{user}](+)" in seen.pasted(code)
    assert SECRET not in repr(seen.findings)


def test_a_reader_that_is_told_of_no_call_is_seen_once_there_was_one(well: Practice) -> None:
    heard = a_call_heard(well.exchange, "deaf", SECRET)

    assert "no_call_events" in well.as_user("deaf", heard=heard, name="deaf").faults
    by_files = well.as_user("deaf", with_config=True, name="deaf by files")
    assert {"no_call_events", "no_agent_events"} <= by_files.faults


def test_faults_of_the_dialler_are_seen(well: Practice) -> None:
    assert well.finds(dial_user="dials-and-hangs-up", dial_secret=SECRET).faults == {"dialler_may_more"}
    assert well.finds(dial_user="dials-nothing", dial_secret=SECRET).faults == {"lacks_originate"}
    assert well.finds(dial_user="firstring-dialler", dial_secret="wrong").faults == {"dialler_refused"}
    assert well.finds(context="nowhere").faults == {"no_context"}
    assert "no_dialler" in well.finds(dial_user=None, dial_secret=None).notes


def test_nobody_who_answers_a_wrong_secret_and_no_tls_are_told_apart(well: Practice) -> None:
    exchange = well.exchange

    assert well.finds(ami=AmiAddress(exchange.host, 1, False, *exchange.reader)).faults == {"unreachable"}
    assert well.finds(ami=AmiAddress(exchange.host, exchange.port, True, *exchange.reader)).faults == {"no_tls"}
    assert "reader_refused" in well.finds(ami=well.address("firstring-reader", "wrong")).faults


def test_what_the_exchange_keeps_and_sends_wrongly_is_seen(ill: Practice) -> None:
    heard = a_call_heard(ill.exchange, *ill.exchange.reader)

    seen = ill.finds(heard=heard)
    with_files = ill.finds(heard=heard, with_config=True)

    assert {"no_timestamps", "no_channelvars", "cdr_off"} <= seen.faults
    assert {"no_timestamps", "no_channelvars", "cdr_off", "cdr_batch", "no_new_columns", "cdr_without_linkedid",
            "cel_off"} <= with_files.faults  # fmt: skip
    assert {"rings_in_use", "queue_records", "eventwhencalled_off", "no_unanswered"} <= with_files.notes
    assert "channelvars = FOO,MIXMONITOR_FILENAME" in with_files.pasted("no_channelvars")


def test_what_is_pasted_mends_it(ill: Practice, suite: str, template: Path, tmp_path: Path) -> None:
    """All fragments at the ends of their files, as an admin pastes them; then it is looked at anew."""
    found = ill.finds(heard=a_call_heard(ill.exchange, *ill.exchange.reader), with_config=True)
    extra = dict(FAULTY)
    wanted = (
        "no_timestamps",
        "no_channelvars",
        "cdr_off",
        "cdr_batch",
        "no_unanswered",
        "no_new_columns",
        "cel_off",
        "rings_in_use",
    )
    for code in wanted:
        for fragment in found.codes[code].paste:
            extra[fragment.file] = extra.get(fragment.file, "") + "\n" + "\n".join(fragment.lines) + "\n"
    with RealExchange(suite=suite, extra=extra) as exchange:
        mended = Practice(exchange, fresh_sqlite(template, tmp_path))
        after = mended.finds(heard=a_call_heard(exchange, *exchange.reader), with_config=True)

    assert (after.faults | after.notes) & set(wanted) == set()


def test_tls_is_told_apart_by_whom_we_trust(suite: str, template: Path, tmp_path: Path) -> None:
    """An exchange with a certificate of its own making, which is its own authority."""
    key, cert = certificate(tmp_path / "right")
    _, strangers = certificate(tmp_path / "wrong")
    extra: dict[str, str] = {"ami.pem": key.read_text() + cert.read_text()}
    exchange, port = RealExchange(suite=suite, extra=extra), free_tcp_port()
    inside = "/" + str((exchange.home / "etc/ami.pem").relative_to(chroot.ensure(suite)))
    extra["firstring.d/site_manager.conf"] = f"tlsenable = yes\ntlsbindaddr = 127.0.0.1:{port}\ntlscertfile = {inside}\n"
    with exchange:
        practice = Practice(exchange, fresh_sqlite(template, tmp_path))
        door = AmiAddress("127.0.0.1", port, True, *exchange.reader)
        trusting = practice.finds(ami=replace(door, ca_file=cert))

        assert {"encrypted", "reader_let_in", "writetimeout_unknown"} <= set(trusting.codes)
        assert trusting.faults == set()
        assert practice.finds(ami=replace(door, ca_file=strangers)).faults == {"certificate_untrusted"}
        assert practice.finds(ami=door).faults == {"certificate_untrusted"}


def test_files_that_cannot_be_read_are_named(well: Practice, tmp_path: Path) -> None:
    missing = tmp_path / "gone"

    assert "cel_unreadable" in well.finds(cel_file=missing / "cel.csv").faults
    assert "recordings_unreadable" in well.finds(recordings_root=missing).faults
    assert {"no_cel", "no_recordings"} <= well.finds(cel_file=None, recordings_root=None).notes
    assert shutil.disk_usage(well.exchange.recordings).free > 0
