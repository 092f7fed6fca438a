"""Where a recording is looked for, and what is never returned."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recordings.errors import RecordingsFolderUnusable
from recordings.locate import Wanted, find_announced, locate, usable_root
from tests.metered import figure

BEGAN = datetime(2026, 11, 21, 23, 43, tzinfo=UTC)


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"RIFF")


def found(root: Path, *announced: str, ids: tuple[str, ...] = ()) -> list[str]:
    search = locate(usable_root(root), Wanted(announced, ids, BEGAN, BEGAN + timedelta(minutes=1)))
    return [str(file.path.relative_to(root)) for file in search.found]


def missing(root: Path, *announced: str, ids: tuple[str, ...] = ()) -> int:
    return locate(usable_root(root), Wanted(announced, ids, BEGAN, BEGAN)).missing


def refused(reason: str) -> float:
    return figure("firstring_recordings_refused_total", reason=reason)


def test_the_longest_end_of_the_announced_path_wins(tmp_path: Path) -> None:
    put(tmp_path, "x.wav", "22/x.wav", "2026/11/22/x.wav")

    assert found(tmp_path, "/var/spool/asterisk/monitor/2026/11/22/x.wav") == ["2026/11/22/x.wav"]
    assert found(tmp_path, "/elsewhere/22/x.wav") == ["22/x.wav"]
    assert found(tmp_path, "x.wav") == ["x.wav"]


@pytest.mark.parametrize(
    "name", ["in-+7 916 111.wav", "запись «1».wav", "a;b&c$(d).wav", "line\nbreak.wav", "%2e%2e.wav", "-rf.wav"]
)
def test_odd_names_are_names(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)

    assert found(tmp_path, f"/var/spool/{name}") == [name]


HOSTILE = [
    "../secret.wav", "/monitor/../../secret.wav", "..", "/", "", ".", "./", "x\0.wav", "\0", "a" * 5000, "/".join("a" * 3000),
    "/" * 4000, "~/secret.wav", "\udcff\udcfe.wav", "\ud800.wav", "C:\\secret.wav", "..\\secret.wav", "concat:/etc/passwd", "https://host/y.wav",
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_paths_find_nothing(tmp_path: Path, path: str) -> None:
    put(tmp_path, "secret.wav", "monitor/x.wav")

    assert find_announced(usable_root(tmp_path / "monitor"), path) is None


def test_paths_that_climb_are_counted(tmp_path: Path) -> None:
    before = refused("hostile_path")

    find_announced(tmp_path, "a/../x.wav")

    assert refused("hostile_path") == before + 1


def test_links_out_of_the_root_are_refused_and_counted(tmp_path: Path) -> None:
    root, outside = tmp_path / "monitor", tmp_path / "outside"
    put(tmp_path, "monitor/inside.wav", "outside/secret.wav")
    (root / "link.wav").symlink_to(outside / "secret.wav")
    (root / "folder").symlink_to(outside)
    (root / "near.wav").symlink_to("inside.wav")
    (root / "circle.wav").symlink_to("circle.wav")
    before = refused("outside_root")

    assert found(root, "link.wav", "folder/secret.wav", "circle.wav") == []
    assert refused("outside_root") == before + 2
    assert found(root, "near.wav") == ["inside.wav"]


def test_a_root_that_is_a_link_itself_is_the_folder_it_points_to(tmp_path: Path) -> None:
    put(tmp_path, "disk/x.wav")
    (tmp_path / "monitor").symlink_to("disk")

    search = locate(usable_root(tmp_path / "monitor"), Wanted(("/m/x.wav",), (), BEGAN, BEGAN))

    assert [file.path for file in search.found] == [tmp_path / "disk/x.wav"]


def test_only_regular_files_are_recordings(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")

    assert found(tmp_path, "folder.wav", "pipe.wav") == []


def test_a_root_that_cannot_serve_is_named(tmp_path: Path) -> None:
    put(tmp_path, "file")

    with pytest.raises(RecordingsFolderUnusable, match="does not exist"):
        usable_root(tmp_path / "none")
    with pytest.raises(RecordingsFolderUnusable, match="is not a folder"):
        usable_root(tmp_path / "file")


def test_a_file_converted_after_the_call_is_found(tmp_path: Path) -> None:
    put(tmp_path, "2026/11/22/in-1795304636.8.mp3")

    assert found(tmp_path, "/var/spool/asterisk/monitor/2026/11/22/in-1795304636.8.wav") == ["2026/11/22/in-1795304636.8.mp3"]


def test_sides_beside_a_mix_come_with_it(tmp_path: Path) -> None:
    put(tmp_path, "d/1795304636.0.wav", "d/1795304636.0-rx.wav", "d/1795304636.0-tx.wav", "d/1795304636.0-in.wav")

    assert found(tmp_path, "/m/d/1795304636.0.wav") == ["d/1795304636.0.wav", "d/1795304636.0-rx.wav", "d/1795304636.0-tx.wav"]


@pytest.mark.parametrize(
    "name",
    ["1795304636.8.wav", "in-7495-7916-1795304636.8.wav", "2026-11-22/1795304636.8.wav", "2026/11/22/q-1795304636.8-x.mp3",
     "20261121/pbx1_1795304636.8.wav", "2026/11/1795304636.8.WAV"],
)  # fmt: skip
def test_without_a_path_the_name_holds_the_calls_id(tmp_path: Path, name: str) -> None:
    put(tmp_path, name, "unrelated.wav", "2026/11/22/other-1795304636.9.wav")

    assert found(tmp_path, ids=("1795304636.8",)) == [name]


@pytest.mark.parametrize(
    "name",
    ["1795304636.80.wav", "11795304636.8.wav", "x1795304636.8.wav", "1795304636.8.5.wav", "9.1795304636.8.wav",
     "1795304636x8.wav", "1795304636.8.txt", "2026/12/24/1795304636.8.wav", "far/away/1795304636.8.wav"],
)  # fmt: skip
def test_an_id_is_matched_whole_and_near_the_calls_day(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)

    assert found(tmp_path, ids=("1795304636.8",)) == []


@pytest.mark.parametrize("text", ["1", "", "abcdefgh", "../1795304636.8", "17953\0.8", ".*1234567"])
def test_an_id_that_is_none_finds_nothing(tmp_path: Path, text: str) -> None:
    put(tmp_path, "1.wav", "abcdefgh.wav", "1795304636.8.wav")

    assert found(tmp_path, ids=(text,)) == []


def test_what_is_announced_and_not_there_is_missing_until_its_name_is_found(tmp_path: Path) -> None:
    assert missing(tmp_path, "/m/a.wav", "/m/b.wav") == 2

    put(tmp_path, "moved-1795304636.8.wav")

    assert missing(tmp_path, "/m/a.wav", ids=("1795304636.8",)) == 0


def test_a_flood_of_announcements_is_bounded(tmp_path: Path) -> None:
    put(tmp_path, "x.wav")

    assert missing(tmp_path, *(f"/m/{number}.wav" for number in range(5000))) == 50
