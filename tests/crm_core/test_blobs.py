"""Stored files: the same promises in a local folder and in S3."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from crm_core.blobs import Blobs
from crm_core.errors import NotFound

KEY = "recordings/ab/abcdef.flac"
BUCKET = "firstring"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    if request.param == "folder":
        return Blobs(tmp_path / "blobs")
    endpoint = request.getfixturevalue("s3")
    access = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
    for name, value in {**access, "AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": "true"}.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket=BUCKET)
    return Blobs(f"s3://{BUCKET}/audio")


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

    with pytest.raises(NotFound):
        await blobs.size(KEY)
    with pytest.raises(NotFound):
        await blobs.fetch(KEY, tmp_path / "copy")


@pytest.mark.parametrize("key", ["../secret_key", "/etc/passwd", "recordings/../../x.wav", "recordings/a b.wav", "", "x\0/y"])
async def test_only_keys_of_our_making_are_taken(blobs: Blobs, key: str) -> None:
    with pytest.raises(ValueError, match="not a key of ours"):
        await blobs.put_bytes(key, b"x")
