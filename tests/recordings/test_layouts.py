"""The recording folders of each make of exchange: found as announced, and by name where nothing was announced."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pbx.dialects.registry import dialects
from recordings.locate import Wanted, locate, usable_root

BEGAN = datetime(2026, 11, 21, 22, 50, tzinfo=UTC)  # in Moscow it is the next day already
FREEPBX = "2026/11/22/{}-20261122-015037-1795301437.4.wav"
KINDS = [
    "in-74952220101-79161112233", "out-79161112233-101", "internal-102-101", "external-101-79161112233", "exten-101-102",
    "q-600-79161112233", "rg-610-79161112233", "force-79161112233-101",
]  # fmt: skip


def found(root: Path, dialect: str, *announced: str, ids: tuple[str, ...]) -> list[str]:
    folders = dialects()[dialect].habits.recording_folders
    wanted = Wanted(announced, ids, BEGAN, BEGAN + timedelta(minutes=2), folders)
    return [str(file.path.relative_to(root)) for file in locate(usable_root(root), wanted).found]


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"RIFF")


@pytest.mark.parametrize("kind", KINDS)
def test_freepbx_names_its_recordings_by_kind_numbers_and_id(tmp_path: Path, kind: str) -> None:
    name = FREEPBX.format(kind)
    put(tmp_path, name, FREEPBX.format(kind).replace("1437.4", "1437.40"), FREEPBX.format("in-1-2").replace("1437.4", "1438.4"))

    assert found(tmp_path, "freepbx", f"/var/spool/asterisk/monitor/{name}", ids=("1795301437.4",)) == [name]
    assert found(tmp_path, "freepbx", name, ids=()) == [name]
    assert found(tmp_path, "freepbx", ids=("1795301437.4",)) == [name]


def test_freepbx_does_not_look_where_it_puts_nothing(tmp_path: Path) -> None:
    put(tmp_path, "2026-11-22/1795301437.4.wav")

    assert found(tmp_path, "freepbx", ids=("1795301437.4",)) == []


@pytest.mark.parametrize("ending", ["wav", "mp3"])
def test_mikopbx_has_a_folder_for_each_hour_and_makes_mp3_of_it(tmp_path: Path, ending: str) -> None:
    name = f"2026/11/22/01/mikopbx-1795301437.4_aB3dEf.{ending}"
    put(tmp_path, name, "2026/11/22/01/mikopbx-1795301437.41_aB3dEf.mp3", "2026/11/22/02/mikopbx-1795301438.4_aB3dEf.mp3")
    announced = "/storage/usbdisk1/mikopbx/astspool/monitor/2026/11/22/01/mikopbx-1795301437.4_aB3dEf.wav"

    assert found(tmp_path, "mikopbx", announced, ids=()) == [name]
    assert found(tmp_path, "mikopbx", ids=("mikopbx-1795301437.4",)) == [name]


def test_mikopbx_sides_lie_beside_the_mix(tmp_path: Path) -> None:
    names = [f"2026/11/22/01/mikopbx-1795301437.4_aB3dEf{side}.wav" for side in ("", "_in", "_out")]
    put(tmp_path, *names)

    assert found(tmp_path, "mikopbx", ids=("mikopbx-1795301437.4",)) == names


@pytest.mark.parametrize("dialect", sorted(dialects()))
def test_hostile_announcements_find_nothing_in_any_layout(tmp_path: Path, dialect: str) -> None:
    put(tmp_path, "secret.wav", "monitor/2026/11/22/x.wav")

    assert found(tmp_path / "monitor", dialect, "../secret.wav", "/monitor/../secret.wav", ids=("../..",)) == []
