"""An exchange's manager behind TLS, with a certificate of our own making: what `tlsenable = yes` gives."""

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path


def certificate(folder: Path, names: str = "IP:127.0.0.1") -> tuple[Path, Path]:
    """Key and certificate, which is its own authority; `names` as openssl writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    key, cert = folder / "key.pem", folder / "cert.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=exchange", "-addext", f"subjectAltName={names}"]
    subprocess.run([*make, *subject, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return key, cert


@contextlib.asynccontextmanager
async def behind_tls(port: int, key: Path, cert: Path) -> AsyncIterator[int]:
    """The port at which what answers on `port` of this machine answers over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    carried: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        for way in (carry(reader, inner_writer), carry(inner_reader, writer)):
            task = asyncio.create_task(way)
            carried.add(task)
            task.add_done_callback(carried.discard)

    server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(carried):
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)
