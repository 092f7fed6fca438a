"""Stored files: the same promises in a local folder and in S3, and what is said when the store is away."""

import os
import shutil
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm_core.blobs import Blobs
from crm_core.db import Database
from crm_core.errors import FilesUnavailable, NotFound, SettingsError
from crm_core.jobs import Finish, Job, JobKind, JobRunner, JobState, Progress, enqueue, jobs
from crm_core.settings import load_settings
from tests.file_stores import BadWire, S3Server, access_to, s3
from tests.office import Office

__all__ = ["s3"]

KEY = "recordings/ab/abcdef.flac"
SOON = timedelta(seconds=1)
LONG = bytes(range(256)) * 50_000  # 12.8 MB: sent in parts


def set_access(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    for name, value in access_to(endpoint).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    set_access(monkeypatch, s3.endpoint)
    return s3.bucket()


@pytest.fixture
def wire(s3: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[BadWire]:
    with BadWire(s3.endpoint) as wire:
        set_access(monkeypatch, wire.endpoint)
        yield wire


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return Blobs(tmp_path / "blobs")
    return Blobs(f"s3://{request.getfixturevalue('bucket')}/audio")


async def test_what_is_kept_is_read_again_whole_and_in_parts(blobs: Blobs, tmp_path: Path) -> None:
    said = bytes(range(256)) * 2500
    (tmp_path / "talk.wav").write_bytes(said)

    await blobs.put(KEY, tmp_path / "talk.wav")

    assert await blobs.size(KEY) == len(said)
    assert b"".join([part async for part in blobs.read(KEY)]) == said
    assert b"".join([part async for part in blobs.read(KEY, 1000, 300_000)]) == said[1000:300_000]
    assert (await blobs.fetch(KEY, tmp_path / "copy")).read_bytes() == said


async def test_a_file_that_is_gone_is_said_to_be(blobs: Blobs, tmp_path: Path) -> None:
    await blobs.put_bytes(KEY, b"x")
    await blobs.delete(KEY)
    await blobs.delete(KEY)

    with pytest.raises(NotFound):
        await blobs.size(KEY)
    with pytest.raises(NotFound):
        await blobs.fetch(KEY, tmp_path / "copy")
    assert await blobs.trouble() is None


@pytest.mark.parametrize("key", ["../secret_key", "/etc/passwd", "recordings/../../x.wav", "recordings/a b.wav", "", "x\0/y"])
async def test_only_keys_of_our_making_are_taken(blobs: Blobs, key: str) -> None:
    with pytest.raises(ValueError, match="not a key of ours"):
        await blobs.put_bytes(key, b"x")


# ---- the store is away ----------------------------------------------------------------------------------------------


async def test_a_folder_that_is_gone_is_not_taken_for_a_file_that_is(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    shutil.rmtree(tmp_path / "blobs")

    with pytest.raises(FilesUnavailable, match="is gone: mount it"):
        await blobs.size(KEY)
    with pytest.raises(FilesUnavailable, match="is gone: mount it"):
        await blobs.fetch(KEY, tmp_path / "copy")


async def test_a_bucket_that_is_gone_is_not_taken_for_a_file_that_is(bucket: str, tmp_path: Path) -> None:
    blobs = Blobs("s3://no-such-bucket/audio")

    for asked in (blobs.size(KEY), blobs.put_bytes(KEY, b"x"), blobs.fetch(KEY, tmp_path / "copy")):
        with pytest.raises(FilesUnavailable, match="no such bucket: make it, or correct FIRSTRING_FILES_URL"):
            await asked


async def test_a_refusal_says_which_settings_to_correct(s3: S3Server, bucket: str) -> None:
    blobs = Blobs(f"s3://{bucket}")
    s3.ask_for_keys(asked=True)
    try:
        with pytest.raises(FilesUnavailable, match="refuses us: correct AWS_ACCESS_KEY_ID"):
            await blobs.put_bytes(KEY, b"x")
        assert "refuses us" in str(await blobs.trouble())
    finally:
        s3.ask_for_keys(asked=False)


async def test_a_server_that_is_down_or_never_answers_is_told_soon(
    wire: BadWire, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.silent = True
    with pytest.raises(FilesUnavailable, match="does not answer"):
        await Blobs(f"s3://{bucket}", patience=SOON).size(KEY)

    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        set_access(monkeypatch, f"http://127.0.0.1:{nobody.getsockname()[1]}")
        with pytest.raises(FilesUnavailable, match="does not answer"):
            await Blobs(f"s3://{bucket}", patience=SOON).put_bytes(KEY, b"x")


@pytest.mark.parametrize("sent", [100_000, 3_000_000])
async def test_half_an_upload_is_no_file(s3: S3Server, wire: BadWire, bucket: str, tmp_path: Path, sent: int) -> None:
    blobs = Blobs(f"s3://{bucket}", patience=SOON)
    (tmp_path / "long").write_bytes(LONG)

    wire.cut_after = sent
    with pytest.raises(FilesUnavailable, match="does not answer"):
        await blobs.put(KEY, tmp_path / "long")

    assert wire.cuts
    assert s3.keys(bucket) == []
    wire.cut_after = None
    await blobs.put(KEY, tmp_path / "long")
    assert b"".join([part async for part in blobs.read(KEY)]) == LONG


async def test_a_job_waits_for_the_store_as_long_as_it_takes(
    database: Database, wire: BadWire, bucket: str, office: Office
) -> None:
    blobs, time = Blobs(f"s3://{bucket}", patience=SOON), datetime.now(UTC)

    async def work(_job: Job, _progress: Progress) -> Finish:
        await blobs.put_bytes(KEY, LONG[:200_000])
        return done

    async def done(_tx: object) -> None:
        """Nothing to write."""

    runner = JobRunner(database, {"keep": JobKind("keep", work, most_attempts=2)}, lambda: time)
    async with database.write() as tx:
        await enqueue(tx, "keep", "keep:1", {}, now=time)

    wire.cut_after = 100_000
    for _ in range(3):
        assert await runner.run_due() == 1
        time += timedelta(minutes=1)
    waiting = await office.the(jobs)
    wire.cut_after = None
    await runner.run_due()

    assert (waiting.state, waiting.attempts) == (JobState.QUEUED, 0)
    assert waiting.last_error.startswith("The file store does not answer")
    assert (await office.the(jobs)).state == JobState.DONE
    assert await blobs.size(KEY) == 200_000


# ---- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["s3://", "https://key:secret@host/bucket", "s3://bucket/../other", "gs://bucket", "/srv/files"])
def test_an_address_that_cannot_be_meant_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("FIRSTRING_FILES_URL", url)
    with pytest.raises(SettingsError, match="FIRSTRING_FILES_URL: write it as s3://bucket") as refused:
        load_settings()
    assert "secret" not in str(refused.value)


def test_keys_come_from_files_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, s3: S3Server) -> None:
    (tmp_path / "key").write_text("very secret\n")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("FIRSTRING_FILES_URL", "s3://bucket/calls")

    assert load_settings().files_url == "s3://bucket/calls"
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == "very secret"

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match=r"AWS_SECRET_ACCESS_KEY_FILE: .* cannot be read"):
        load_settings()
