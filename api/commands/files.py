"""Files that commands are given."""

from pathlib import Path

from crm_core.errors import SettingsError


def secret_in(file: Path) -> str:
    """The secret a file holds, without the line break at its end; raises SettingsError."""
    try:
        secret = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: name a file that holds the secret") from error
    if not secret:
        raise SettingsError(f"{file} is empty: write the secret into it")
    return secret
