"""Every check of the doctor keeps the same promises, whatever it looks at; and the tables he judges by."""

import asyncio
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from api.doctor import registry
from api.doctor.checkup import is_well
from api.doctor.config_folder import ConfigFolder
from api.doctor.findings import Finding, Verdict, as_json, of_json
from api.doctor.holes import holes_of, version_of
from api.doctor.house import look_at_house
from api.doctor.looking import look_at
from api.doctor.registry import Check
from api.doctor.seen import Address, ExchangeSeen, Folder, HouseSeen, Records
from api.doctor.wording import worded
from api.web.catalogue import known
from api.web.translations import LANGUAGES, texts_in
from crm_core.calls.tables import exchanges as exchange_table
from crm_core.db import Database
from crm_core.exchanges import registry as exchanges
from crm_core.exchanges.addresses import AmiAddress
from crm_core.exchanges.record_sources import CsvSource, RecordSources, SqlKind, SqlSource
from crm_core.exchanges.registry import NewExchange
from crm_core.secrets import SecretBox
from crm_core.settings import Settings
from pbx.ami.inspection import Clock, Inspected
from pbx.ami.troubles import UNTRUSTED

SECRET = "s3cr3t-never-shown"
HERE = Address("office", "127.0.0.1", 5038, False, "reader", "dialler", "firstring-outbound")
NOTHING_SEEN = ExchangeSeen(HERE, Inspected())
NO_RIGHTS_SEEN = ExchangeSeen(HERE, Inspected(reached=True, let_in=True), Inspected(reached=True, let_in=True))
HOUSE_UNSEEN = HouseSeen(Path("/nowhere"), database_trouble="gone", has_model=None)
CHECKS = [*registry.of_exchange(), *registry.of_house()]
SOURCES = (Path("tests/asterisk/test_doctor.py"), Path("tests/asterisk/test_doctor_calls.py"), Path(__file__))


def unseen(check: Check) -> object:
    return NOTHING_SEEN if check in registry.of_exchange() else HOUSE_UNSEEN


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
class TestEveryCheck:
    def test_says_something_and_never_that_what_it_did_not_see_is_fine(self, check: Check) -> None:
        findings = list(check.findings(unseen(check)))

        assert findings
        assert [one.code for one in findings if one.verdict is Verdict.FINE and one.code != "same_machine"] == []
        assert "broken" not in {one.code for one in findings}

    def test_names_what_it_can_find_and_says_why_it_is_there(self, check: Check) -> None:
        assert check.module.__doc__
        assert check.module.FAULTS
        assert check.title.text

    def test_each_of_its_faults_is_put_in_on_purpose_by_a_test(self, check: Check) -> None:
        root = Path(__file__).parents[2]
        tests = "".join((root / file).read_text() for file in SOURCES)

        assert [fault for fault in check.module.FAULTS if f'"{fault}"' not in tests] == []

    def test_is_a_small_file_whose_codes_are_all_spoken_of(self, check: Check) -> None:
        source = Path(check.module.__file__).read_text()

        assert len(source.splitlines()) <= 120
        told = set(re.findall(r'(?:fault|note)\(\s*f?"([a-z_{}]+)"', source))
        assert {code for code in told if "{" not in code} <= set(check.module.FAULTS)

    def test_is_kept_as_json_and_worded_in_every_language(self, check: Check) -> None:
        for finding in check.findings(unseen(check)):
            assert of_json(as_json(finding)) == finding
            assert all(worded(texts_in(language), finding.say) for language in LANGUAGES)
            assert ("", finding.say.text) in known("ru")


def test_no_two_checks_stand_in_one_place() -> None:
    assert len({check.module.ORDER for check in registry.of_exchange()}) == len(registry.of_exchange())
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_a_check_that_breaks_does_not_take_the_others_along() -> None:
    check = registry.of_exchange()[0]

    assert [one.code for one in check.findings(None)] == ["broken"]


@pytest.mark.parametrize(
    ("told", "has", "lacks"),
    [
        ("18.20.0", {"CVE-2024-42365", "CVE-2023-49294"}, set()),
        ("18.24.2", {"CVE-2024-42491"}, {"CVE-2024-42365"}),
        ("19.8.1", {"CVE-2024-42365"}, {"CVE-2022-42706"}),
        ("20.18.2", set(), {"CVE-2026-23738"}),
        ("22.5.1", {"CVE-2025-57767"}, {"CVE-2025-49832", "CVE-2024-42365"}),
        ("certified/20.7-cert2", {"CVE-2024-42491"}, {"CVE-2024-42365"}),
        ("24.0.0", set(), {"CVE-2026-23738"}),
    ],
)
def test_holes_are_known_by_branch(told: str, has: set[str], lacks: set[str]) -> None:
    version = version_of(told)
    assert version is not None
    found = {hole.cve for hole in holes_of(version)}

    assert has <= found
    assert not lacks & found


def of(check: str, seen: object) -> dict[str, Finding]:
    one = next(one for one in CHECKS if one.name == check)
    return {finding.code: finding for finding in one.findings(seen)}


def test_a_bare_version_with_holes_is_a_fault_and_an_unknown_one_is_not_called_fine() -> None:
    old = replace(NOTHING_SEEN, reader=Inspected(reached=True, let_in=True, version="18.20.0"))

    assert of("version", old)["known_holes"].verdict is Verdict.FAULT
    assert "CVE-2024-42365" in of("version", old)["known_holes"].say.facts["holes"]
    assert "version_unknown" in of("version", NO_RIGHTS_SEEN)


@pytest.mark.parametrize(("ahead", "way", "code"), [(0.1, 0.01, "clock"), (-30.0, 0.1, "clock_skewed"), (3.0, 1.5, "clock")])
def test_a_clock_is_off_only_by_more_than_the_way_there_took(ahead: float, way: float, code: str) -> None:
    assert code in of("clock", replace(NOTHING_SEEN, reader=Inspected(clock=Clock(ahead, way))))


def test_an_exchange_far_away_is_to_be_encrypted_and_one_whose_listener_is_down_is_told() -> None:
    far = replace(NO_RIGHTS_SEEN, address=replace(HERE, host="10.0.0.5", state="down"))

    assert of("reach", far)["not_encrypted"].verdict is Verdict.NOTE
    assert "not_listening" in of("events", far)
    assert "switched_off" in of("login", replace(far, address=replace(HERE, active=False)))
    trusts_not = replace(far, reader=Inspected(trouble=UNTRUSTED))
    assert "certificate_untrusted" in of("reach", trusts_not)


def test_the_event_log_is_read_for_what_it_lacks(tmp_path: Path) -> None:
    file, now = tmp_path / "cel.csv", datetime.now(UTC)
    late = replace(
        NOTHING_SEEN,
        cel=Records(str(file), types=frozenset({"CHAN_START"}), last_at=now.timestamp() - 900, lines=90),
        last_call_at=now,
    )
    written = Records(str(file), types=frozenset({"CHAN_START"}), last_at=now.timestamp(), lines=90)
    short = replace(late, cel=written)
    dated = replace(late, cel=Records(str(file), lines=9, broken=9))

    awaited = Records(str(file), "No such file or directory", is_awaited=True)

    assert "cel_silent" in of("cel", late)
    assert "cel_unreadable" in of("cel", replace(late, cel=awaited))
    assert "cel_awaited" in of("cel", replace(NOTHING_SEEN, cel=awaited))
    assert "cel_lacks_events" in of("cel", short)
    assert "cel_short" in of("cel", replace(short, cel=replace(written, lines=5)))
    assert "cel_broken" in of("cel", dated)


async def test_records_wherever_they_are_are_tried(database: Database, tmp_path: Path) -> None:
    box, now = SecretBox("key"), datetime.now(UTC)
    table = SqlSource(SqlKind.POSTGRESQL, "127.0.0.1", 1, "asterisk", "reader", SECRET, "cel")
    sources = RecordSources(cel=table, cdr=CsvSource(tmp_path / "cdr.csv"), queue_log=CsvSource(tmp_path / "queue_log"))
    (tmp_path / "queue_log").write_text("1795304636|NONE|NONE|NONE|QUEUESTART|\n")
    async with database.write() as tx:
        added = await exchanges.add(tx, NewExchange("office", AmiAddress("127.0.0.1", 1, False, "r", SECRET)), box, now=now)
        await tx.execute(update(exchange_table).where(exchange_table.c.id == added).values(sources.row(box)))

    seen = await look_at(database, "office", box, now=now)

    told = {one.code: one for check in registry.of_exchange() for one in check.findings(seen)}
    assert {"cel_unreadable", "records_unreadable", "records_readable"} <= set(told)
    assert "cdr.csv" in told["records_unreadable"].say.facts["place"]
    assert SECRET not in repr(seen) + repr(told)


def test_recordings_that_are_not_ours_to_read_and_a_full_disk_are_told() -> None:
    seen = replace(NOTHING_SEEN, recordings=Folder(Path("/r"), None, 2**20, 2**40, "a.wav"))

    assert {"recording_unreadable", "little_room"} <= set(of("recordings", seen))


def test_configuration_is_read_as_asterisk_reads_it_and_no_secret_is_kept(tmp_path: Path) -> None:
    (tmp_path / "manager.d").mkdir()
    (tmp_path / "manager.conf").write_text(
        "[general]\nenabled = yes ; a comment\n[usual](!)\nread = call\nsecret = " + SECRET + '\n#include "manager.d/*.conf"\n'
        '#tryinclude "gone.conf"\n'
    )
    (tmp_path / "manager.d/a.conf").write_text("[reader](usual)\nwrite => reporting\n[reader](+)\nread = call,agent\n")
    (tmp_path / "cel.conf").write_text("[general]\nenable=yes\nevents=CHAN_START,HANGUP\ndateformat = %F\n")
    (tmp_path / "cel_custom.conf").write_text("[mappings]\n")
    folder = ConfigFolder(tmp_path)
    conf = folder.read("manager.conf")

    assert conf is not None
    assert (conf.section("reader").get("read"), conf.section("reader").get("write")) == ("call,agent", "reporting")
    assert [one.name for one in conf.real] == ["general", "reader"]
    assert SECRET not in repr(conf)
    assert folder.read("gone.conf") is None
    assert {"cel_lacks_events", "cel_dateformat", "cel_unmapped"} <= set(of("cel", replace(NOTHING_SEEN, config=folder)))


async def test_secrets_are_never_shown(database: Database) -> None:
    """Of an exchange where everything fails."""
    box, now = SecretBox("key"), datetime.now(UTC)
    async with database.write() as tx:
        new = NewExchange("office", AmiAddress("127.0.0.1", 1, False, "reader", SECRET), dial_user="d", dial_secret=SECRET)
        await exchanges.add(tx, new, box, now=now)

    seen = await look_at(database, "office", box, now=now)
    findings = [finding for check in registry.of_exchange() for finding in check.findings(seen)]

    assert "unreachable" in {one.code for one in findings}
    assert not is_well(findings)
    assert SECRET not in repr(seen) + repr([as_json(one) for one in findings])


async def test_a_house_in_order_and_one_that_is_not(database: Database, tmp_path: Path) -> None:
    folder, now = tmp_path / "data", datetime.now(UTC)
    folder.mkdir(mode=0o700)
    settings = Settings(data_dir=folder, models_dir=tmp_path, _env_file=None)  # type: ignore[call-arg]
    box = SecretBox("key")
    found = await codes(settings, database, box, now)
    assert {"folder_ours", "folder_room", "database", "jobs", "no_model", "nobody", "no_exchange"} <= found

    (folder / "secret_key").write_text("x")
    await asyncio.to_thread(os.chmod, folder / "secret_key", 0o644)
    await asyncio.to_thread(os.chmod, folder, 0o755)
    async with database.write() as tx:
        await exchanges.add(tx, NewExchange("office", AmiAddress("h", 1, False, "u", SECRET)), SecretBox("other"), now=now)
    assert {"folder_open", "key_open", "secrets_sealed_elsewhere"} <= await codes(settings, database, box, now)


async def codes(settings: Settings, database: Database, box: SecretBox, now: datetime) -> set[str]:
    seen = await look_at_house(settings, database, box, now=now)
    return {finding.code for check in registry.of_house() for finding in check.findings(seen)}


def test_a_house_without_its_database_and_with_jobs_that_wait_says_so() -> None:
    ill = HouseSeen(Path("/d"), revision="0001", newest_revision="0003", free_bytes=1, mode=0o700)
    late = replace(ill, revision="0003", oldest_due_seconds=9999.0, jobs_due=3, jobs_parked={"transcribe": 2})

    assert "not_migrated" in of("database", ill)
    assert "database_out_of_reach" in of("database", HOUSE_UNSEEN)
    assert {"jobs_stuck", "jobs_parked"} <= set(of("jobs", late))
    assert "folder_full" in of("data_folder", ill)
    assert "folder_unwritable" in of("data_folder", replace(ill, writable="Permission denied"))
