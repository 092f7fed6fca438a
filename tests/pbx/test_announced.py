"""One file of sound is one recording, by whichever name it is announced."""

from itertools import permutations

from pbx.tracking.announced import announce

WHOLE, WITHIN = "/var/spool/asterisk/monitor/2026-11-22/7.1.wav", "2026-11-22/7.1.wav"


def announced(*paths: str) -> dict[str, float]:
    known: dict[str, float] = {}
    for at, path in enumerate(paths):
        announce(known, path, float(at))
    return known


def test_ami_and_records_name_one_file() -> None:
    for paths in permutations([WHOLE, WITHIN, WITHIN]):
        assert announced(*paths) == {WHOLE: 0.0}


def test_sides_and_files_of_other_folders_are_files_of_their_own() -> None:
    paths = (WITHIN, "2026-11-22/7.1-rx.wav", "2026-11-21/7.1.wav", "17.1.wav")

    assert announced(*paths) == dict(zip(paths, (0.0, 1.0, 2.0, 3.0), strict=True))
