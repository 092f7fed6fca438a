"""Where an exchange's own records are, as the command line says it: a file, or `mysql://user@host/database/table`."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from crm_core.errors import SettingsError
from crm_core.exchanges.record_sources import PORTS, CsvSource, Source, SqlKind, SqlSource

LOOKS = "write a file, or KIND://USER@HOST[:PORT]/DATABASE/TABLE with KIND mysql or postgresql"


def source_told(option: str, told: str, password: str) -> Source:
    """Raises SettingsError naming the option; a password has no place in it."""
    if "://" not in told:
        return _file(option, told)
    wrong = SettingsError(f"{option}: {LOOKS}; the password is read from --records-secret-file")
    try:
        parts = urlsplit(told)
        kind, port = SqlKind(parts.scheme), parts.port
    except ValueError:
        raise wrong from None
    place = [unquote(part) for part in parts.path.strip("/").split("/")]
    if parts.password is not None or not parts.hostname or not parts.username or len(place) != 2 or not all(place):
        raise wrong
    return SqlSource(kind, parts.hostname, port or PORTS[kind], place[0], unquote(parts.username), password, place[1])


def _file(option: str, told: str) -> CsvSource:
    file = Path(told).absolute()
    if not file.parent.is_dir():
        raise SettingsError(f"{option}: {file.parent} is no folder: name the file as this machine sees it")
    return CsvSource(file)
