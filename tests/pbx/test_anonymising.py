"""A call cut out as an anonymous capture is told as before, and nothing of anybody is left in it."""

import json
import re
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

import pytest

from pbx.anonymising.capture import Exported, NotAnonymous, export, parts
from pbx.anonymising.masks import CannotMask, Mask, found_again
from pbx.exporting import exported, heap_of_files, replayed
from pbx.replay import replayed as tracker_of
from pbx.tracking.story import Story
from tests.pbx.explained import CAPTURES, parts_of, sessions

SECRETS = (
    "Тайный", "Агентов", "84957776655", "79031234567", "hunter2secret", "agent007x", "10.20.30.40", "2001:db8:77::9999",
    "Ромашка", "accountant55", "Zlatopolsky", "5551239",
)  # fmt: skip
ENCODED = quote("Тайный Агентов +79031234567")
ADDED = (
    "ChanVariable(PJSIP/1): PASSWORD=hunter2secret", "ChanVariable: CUSTOMER=5551239", "URI: sip:agent007x@10.20.30.40:5060",
    "X-New-Header: Zlatopolsky 2001:db8:77::9999", f"Userfield: {ENCODED}",
)  # fmt: skip
NEEDLES = (
    (rb"ConnectedLineName: <unknown>", "ConnectedLineName: Тайный Агентов 84957776655".encode()),
    (rb"AccountCode: ?(?=\r)", b"AccountCode: accountant55"),
    (rb"(Privilege: [^\r]*)", "\r\n".join(["\\1", *ADDED]).encode()),
    (rb"(AppData: [^\r\n]*)", rb"\1,/home/Zlatopolsky/" + ENCODED.encode() + "/Ромашка-84957776655".encode()),
    (rb"(DestCallerIDName: )<unknown>", "\\1«Ромашка» <b>Zlatopolsky</b>".encode()),
)  # fmt: skip
SAID = [name for name in sessions() if name.startswith("asterisk/") and "gap_whole" not in name]  # in one nothing was heard


def calls_in(name: str) -> list[tuple[Story, list[Path], Path | None]]:
    files, cel = parts_of(name)
    tracker, _ = tracker_of(files, cel=cel, trunks=[], extensions=[], region="RU", exchange="default")
    return [(story, files, cel) for story in tracker.stories()]


def planted(files: list[Path], folder: Path) -> list[Path]:
    """The captures with secrets in all places where an exchange may put some."""
    found = []
    for file in files:
        raw = file.read_bytes()
        for pattern, needle in NEEDLES:
            raw = re.sub(pattern, needle, raw)
        (folder / file.name).write_bytes(raw)
        found.append(folder / file.name)
    return found


def written(made: Exported) -> bytes:
    return b"\n".join(made.files.values())


def long_runs(raw: bytes) -> set[bytes]:
    return set(re.findall(rb"[0-9]{5,}", raw))


@pytest.mark.parametrize("name", sessions())
def test_the_call_is_the_same_up_to_the_masks(name: str) -> None:
    for story, files, cel in calls_in(name):
        assert exported(story, heap_of_files(files, cel), "call").differs == ()


@pytest.mark.parametrize("name", sessions())
def test_no_long_run_of_digits_of_the_original_is_left(name: str) -> None:
    for story, files, cel in calls_in(name):
        made = exported(story, heap_of_files(files, cel), "call")
        said = b"".join(file.read_bytes() for file in files)
        ours = b"\n".join(
            line.split(b" ")[0] for file, data in made.files.items() for line in data.split(b"\n") if "times" in file
        )
        rest = b"\n".join(data for file, data in made.files.items() if "times" not in file)
        ids = [channel.uid.encode() for channel in story.case.channels.values()]

        about = b"\n".join(message for message in re.split(rb"\r\n\r?\n", said) if any(uid in message for uid in ids))

        assert long_runs(about) & (long_runs(rest) | long_runs(ours)) == set()


@pytest.mark.parametrize("name", SAID)
def test_no_secret_is_left_wherever_it_was_said(name: str, tmp_path: Path) -> None:
    for story, files, cel in calls_in(name):
        with_secrets = planted(files, tmp_path)
        left = written(exported(story, heap_of_files(with_secrets, cel), "call"))
        decoded = left + unquote_to_bytes(left)

        assert b"hunter2secret" in b"".join(file.read_bytes() for file in with_secrets)
        assert [secret for secret in SECRETS if secret.encode() in decoded] == []
        assert [part for part in re.findall("(?:%[0-9A-F]{2})+", ENCODED) if part.encode() in left] == []


def test_where_something_cannot_be_hidden_nothing_is_given_away() -> None:
    story, files, _ = calls_in("asterisk/inbound_answered.ami")[0]
    heap = heap_of_files(files, None)
    first = story.case.channels[story.call().key].caller_number

    def tells_the_original(files_made, name, options):
        return [{**one, "caller": first} for one in replayed(files_made, name, options)]

    with pytest.raises(NotAnonymous):
        export(story, heap, "call", tells_the_original)


def test_an_export_can_be_exported_again() -> None:
    story, files, cel = calls_in("asterisk/queue_answered.ami")[0]
    made = exported(story, heap_of_files(files, cel), "call")

    assert json.loads(made.files["call.truth.json"])["differs_from_original"] == []
    assert parts(made.files, "call")[0] == ["call.ami"]


@pytest.fixture
def mask() -> Mask:
    return Mask(7, "RU", frozenset())


@pytest.mark.parametrize("raw", ["89161112233", "+79161112233", "9161112233", "8 (916) 111-22-33", "79161112233"])
def test_one_number_has_one_mask_however_it_is_written(mask: Mask, raw: str) -> None:
    masked = re.sub(r"[^0-9]", "", mask.number(raw))[-10:]

    assert masked == re.sub(r"[^0-9]", "", mask.number("+79161112233"))[-10:]
    assert masked[:3] == "916"
    assert masked != "9161112233"


@pytest.mark.parametrize("raw", ["101", "s", "", "<unknown>", "700", "anonymous"])
def test_what_names_nobody_stays(mask: Mask, raw: str) -> None:
    assert mask.number(raw) == raw


def test_a_name_keeps_its_shape(mask: Mask) -> None:
    masked = mask.name('ООО "Ромашка" <b>Bob</b>')

    assert re.fullmatch(r'[А-Я]{3} "[А-Я][а-я]{6}" <[a-z]>[A-Z][a-z]{2}</[a-z]>', masked)
    assert mask.name('ООО "Ромашка" <b>Bob</b>') == masked


def test_both_halves_of_a_local_channel_still_match(mask: Mask) -> None:
    first, second = mask.channel("Local/anna@office-0000002a;1"), mask.channel("Local/anna@office-0000002a;2")

    assert first[:-1] == second[:-1]
    assert "anna" not in first
    assert first.startswith("Local/")
    assert mask.channel("PJSIP/beeline-msk-0000007e").startswith("PJSIP/")


def test_moments_keep_their_distances(mask: Mask) -> None:
    assert float(mask.epoch(1795304640.75)) - float(mask.epoch(1795304636.5)) == pytest.approx(4.25, abs=1e-5)
    assert float(mask.uid("1795304640.7").partition(".")[0]) - float(mask.uid("1795304636.3").partition(".")[0]) == 4


@pytest.mark.parametrize("text", ["10.1.2.3", "2001:db8:1::7", "sip:igor@pbx.acme.ru:5060", "/srv/Иван/79161112233.wav"])
def test_places_in_a_text_are_masked(mask: Mask, text: str) -> None:
    masked = mask.text(text)

    assert not {"10.1.2.3", "db8", "igor", "acme", "Иван", "79161112233"} & set(re.findall(r"[\w.]+", masked))


def test_the_captures_lie_where_they_should() -> None:
    assert len(sessions()) > 50
    assert CAPTURES.is_dir()


@pytest.mark.parametrize(
    ("run", "again"), [("12345", True), ("91234", True), ("123456", True), ("123457", False), ("23458", False)]
)
def test_a_run_of_digits_is_found_within_a_longer_one(run: str, *, again: bool) -> None:
    assert found_again({run}, "call 9123456-0, 55555") == ({run} if again else set())


def test_a_very_long_run_counts_as_found_by_its_beginning() -> None:
    run = "1234567890" * 3

    assert found_again({run}, run[:20]) == {run}
    assert found_again({run}, run[:19]) == set()


def test_a_call_of_very_many_channels_is_refused_and_not_worked_on_for_good(mask: Mask) -> None:
    for serial in range(10_000, 20_000):
        mask.uid(f"1795300000.{serial}")

    with pytest.raises(CannotMask):
        mask.uid("1795300000.20000")


def test_what_a_hostile_exchange_says_takes_no_time_that_grows_with_its_square(mask: Mask) -> None:
    runs = {str(10**6 + 7 * number) for number in range(100_000)}

    assert found_again(runs, " ".join(str(2 * 10**6 + 7 * number) for number in range(100_000))) == set()
    assert mask.channel(f"PJSIP/{'<A>' * 200_000}!").endswith("!")
