"""Addresses of exchanges as people write them: `ami://user:secret@host:port`, `host:port`."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from crm_core.errors import SettingsError

PORTS = {"ami": 5038, "amis": 5039}


@dataclass(frozen=True, slots=True)
class AmiAddress:
    """`ca_file`: whose certificates count with TLS, None: those this machine trusts. `secret_file`: read at each connection,
    instead of `secret`."""

    host: str
    port: int
    tls: bool
    user: str
    secret: str = field(repr=False)
    ca_file: Path | None = None
    secret_file: Path | None = None

    @property
    def place(self) -> tuple[object, ...]:
        """Who gets to see what proves the secret: a secret kept for one place is not carried to another."""
        return self.host, self.port, self.tls, self.ca_file


def ami_address(url: str, setting: str = "FIRSTRING_AMI_URL") -> AmiAddress:
    """Reads `ami://user:secret@host:port` (`amis://`: TLS); raises SettingsError without repeating the secret."""
    wrong = SettingsError(f"{setting}: write it as ami://user:secret@host:5038 (amis:// for TLS)")
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in PORTS or not parts.hostname or not parts.username or parts.password is None:
        raise wrong
    user, secret = unquote(parts.username), unquote(parts.password)
    if has_line_break(user) or has_line_break(secret):
        raise wrong
    return AmiAddress(parts.hostname, port or PORTS[parts.scheme], parts.scheme == "amis", user, secret)


def host_and_port(text: str) -> tuple[str, int]:
    """Reads `host:port`, `host` or `[v6]:port`; raises SettingsError."""
    try:
        parts = urlsplit(f"//{text.strip()}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise SettingsError(f"{text!r} is no address; write HOST:PORT, for example 192.168.0.5:5038")
    return host, port or PORTS["ami"]


def has_line_break(text: str) -> bool:
    """A line break in a login would end the line it is sent in and begin another."""
    return any(sign in text for sign in "\r\n\0")
