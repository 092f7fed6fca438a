"""Secrets that stay in files: of a container, of systemd, of an admin who changes them without asking us."""

from pathlib import Path

from crm_core.errors import SettingsError

LONGEST = 4096  # bytes that are looked at; a longer file holds no secret of ours


def secret_in(file: Path) -> str:
    """The secret a file holds, without the line break at its end; raises SettingsError. Blocking."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(LONGEST + 1)
        secret = raw.decode("utf-8").strip()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise SettingsError(f"{file} cannot be read: name a file that holds the secret") from error
    if len(raw) > LONGEST or "\n" in secret:
        raise SettingsError(f"{file} holds more than a secret: write the secret alone into it")
    if not secret:
        raise SettingsError(f"{file} is empty: write the secret into it")
    return secret
