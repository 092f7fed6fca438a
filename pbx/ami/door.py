"""The way to an exchange's manager: TCP or TLS, and in one line why there is none."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

from crm_core.errors import FirstringError
from pbx.ami import troubles

Wire = Callable[[str, int], Awaitable[socket.socket]]
"""Makes the TCP connection to a host and port."""

# X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH (openssl/x509_vfy.h)
_OTHER_NAME = frozenset([62, 64])


class Shut(FirstringError):
    """The exchange cannot be reached."""


async def open_door(
    host: str, port: int, tls: bool, ca_file: Path | None, seconds: float, wire: Wire | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection, over TLS with the host's name checked. Raises Shut with what to do."""
    context = await asyncio.to_thread(_trusting, ca_file) if tls else None
    try:
        async with asyncio.timeout(seconds):
            if wire is None:
                return await asyncio.open_connection(host, port, ssl=context)
            name = host if context else None
            return await asyncio.open_connection(sock=await wire(host, port), ssl=context, server_hostname=name)
    except ssl.SSLCertVerificationError as error:
        raise Shut(troubles.OTHER_NAME if error.verify_code in _OTHER_NAME else troubles.UNTRUSTED) from error
    except ssl.SSLError as error:
        raise Shut(troubles.NO_TLS) from error
    except (socket.gaierror, UnicodeError) as error:  # a name that is none does not even get to be asked for
        raise Shut(troubles.NO_SUCH_HOST) from error
    except OSError as error:  # TimeoutError is one too
        raise Shut(troubles.NOBODY_ANSWERS) from error


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    """With a file of authorities only those count, and none that this machine trusts besides."""
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise Shut(troubles.NO_CA_FILE) from error
