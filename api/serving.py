"""The web server: hypercorn, awaited in our own loop, on a socket we opened ourselves."""

import socket
from collections.abc import Awaitable, Callable
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config, Sockets

from api.door import Door, most_of_one
from api.locking import CannotStart

BACKLOG = 512


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket, so that a port that is taken is told before anything else starts; raises CannotStart."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        opened = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise CannotStart(f"FIRSTRING_HOST={host} is no address of this machine: set one that is, such as 127.0.0.1") from error
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        opened.bind(address)
        opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        raise CannotStart(
            f"Port {port} on {host} cannot be opened ({error.strerror}): stop what uses it, or set FIRSTRING_PORT"
        ) from error
    opened.setblocking(False)
    return opened


async def serve_web(app: Any, opened: socket.socket, stopping: Callable[[], Awaitable[Any]]) -> None:
    """Answer until `stopping` returns; requests under way have three seconds to end."""
    config = _AtOurDoor(Door(opened, most_of_one()))  # the server closes it
    config.backlog = BACKLOG
    config.errorlog = None  # what went wrong is in our own log already
    config.include_server_header = False
    config.graceful_timeout = 3.0
    config.keep_alive_timeout = 15.0
    config.h11_max_incomplete_size = 32 * 1024
    await serve(app, config, shutdown_trigger=stopping)


class _AtOurDoor(Config):
    """Serves on the one socket that is open already."""

    def __init__(self, door: Door) -> None:
        super().__init__()
        self._door = door

    def create_sockets(self) -> Sockets:
        return Sockets([], [self._door], [])


def address_shown(host: str, port: int) -> str:
    """What to type into a browser on this machine."""
    name = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
