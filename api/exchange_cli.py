"""`firstring exchange …`: its options, in words. What they do is in `api.commands.exchanges`."""

from pathlib import Path
from typing import Annotated

import typer

exchanges = typer.Typer(no_args_is_help=True, help="Exchanges to listen to.", rich_markup_mode=None)

DialUser = Annotated[str | None, typer.Option(help="AMI user that dials")]
SecretFile = Annotated[Path | None, typer.Option(help="holds his secret")]
InFiles = Annotated[bool, typer.Option("--in-files", help="leave secrets in their files; they are read at each connection")]
CaFile = Annotated[Path | None, typer.Option(help="certificate (PEM) of the authority of the exchange's own; means --tls")]
Dialect = Annotated[str | None, typer.Option(help="asterisk, freepbx or mikopbx; asterisk, unless told")]
Region = Annotated[str | None, typer.Option(help="FIRSTRING_REGION, unless told")]
Language = Annotated[str | None, typer.Option(help="of the speech on its lines; else detected")]
Cel = Annotated[str | None, typer.Option(metavar="FILE|URL", help="its own log of events (CEL), to fill gaps")]
Cdr = Annotated[str | None, typer.Option(metavar="FILE|URL", help="its call records; mysql://USER@HOST/DATABASE/TABLE")]
QueueLog = Annotated[str | None, typer.Option(metavar="FILE|URL", help="its log of queues")]
RecordsSecret = Annotated[Path | None, typer.Option(help="holds the password to the databases of its records")]
Timezone = Annotated[str | None, typer.Option(help="in which it writes its records, such as Europe/Moscow")]
Trunks = Annotated[list[str] | None, typer.Option("--trunk", help="glob on channel names that are outside lines")]
Extensions = Annotated[list[str] | None, typer.Option("--extension", help="glob on channel names that are people's phones")]
OwnNumbers = Annotated[list[str] | None, typer.Option("--own-number", help="a number of the house")]


@exchanges.command("add")
def exchange_add(
    name: str,
    ami: Annotated[str, typer.Option(metavar="HOST:PORT")],
    user: Annotated[str, typer.Option(help="AMI user that reads events")],
    secret_file: Annotated[Path, typer.Option(help="holds his secret")],
    recordings: Annotated[Path, typer.Option(metavar="DIR", help="where its recordings are on this machine")],
    dial_user: DialUser = None, dial_secret_file: SecretFile = None, in_files: InFiles = False,
    tls: Annotated[bool, typer.Option("--tls", help="AMI over TLS")] = False, ca_file: CaFile = None,
    dialect: Dialect = None, region: Region = None, language: Language = None,
    cel: Cel = None, cdr: Cdr = None, queue_log: QueueLog = None, records_secret_file: RecordsSecret = None,
    timezone: Timezone = None, trunk: Trunks = None, extension: Extensions = None, own_number: OwnNumbers = None,
    replace: Annotated[bool, typer.Option("--replace", help="if there is one of this name, change it to this")] = False,
) -> None:  # fmt: skip
    """Add an exchange; a running product begins to listen to it at once."""
    from api.commands.exchanges import Told, add

    _require_pair(dial_user, dial_secret_file)
    told = Told(
        ami, user, secret_file, dial_user, dial_secret_file, in_files, tls, ca_file, dialect, region, language, recordings,
        cel, cdr, queue_log, records_secret_file, timezone, trunk, extension, own_number,
    )  # fmt: skip
    add(name, told, replaces=replace)


@exchanges.command("change")
def exchange_change(
    name: str,
    ami: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="at another place; give the secrets again, too")] = None,
    user: Annotated[str | None, typer.Option(help="AMI user that reads events")] = None,
    secret_file: SecretFile = None,
    recordings: Annotated[Path | None, typer.Option(metavar="DIR", help="where its recordings are on this machine")] = None,
    dial_user: DialUser = None, dial_secret_file: SecretFile = None, in_files: InFiles = False,
    tls: Annotated[bool | None, typer.Option("--tls/--no-tls", help="AMI over TLS")] = None, ca_file: CaFile = None,
    dialect: Dialect = None, region: Region = None, language: Language = None,
    cel: Cel = None, cdr: Cdr = None, queue_log: QueueLog = None, records_secret_file: RecordsSecret = None,
    timezone: Timezone = None, trunk: Trunks = None, extension: Extensions = None, own_number: OwnNumbers = None,
    on: Annotated[bool | None, typer.Option("--on/--off", help="listen to it, or no more; its calls stay")] = None,
) -> None:  # fmt: skip
    """Change what is told of an exchange, and nothing else; a running product takes it up at once."""
    from api.commands.exchanges import Told, change

    told = Told(
        ami, user, secret_file, dial_user, dial_secret_file, in_files, tls, ca_file, dialect, region, language, recordings,
        cel, cdr, queue_log, records_secret_file, timezone, trunk, extension, own_number,
    )  # fmt: skip
    change(name, told, active=on)


@exchanges.command("list")
def exchange_list() -> None:
    """Exchanges and how they stand."""
    from api.commands.exchanges import show

    show()


@exchanges.command("check")
def exchange_check(name: str) -> int:
    """Log in with what is kept, and tell what answers there and what we may. Exit code 1 if we are not let in."""
    from api.commands.exchanges import check

    return 0 if check(name) else 1


@exchanges.command("remove")
def exchange_remove(name: str) -> None:
    """Forget an exchange of which no call was told, with its secrets; one with calls stays: `change NAME --off`."""
    from api.commands.exchanges import remove

    remove(name)


def _require_pair(user: str | None, secret_file: Path | None) -> None:
    from crm_core.errors import Invalid

    if (user is None) != (secret_file is None):
        raise Invalid("--dial-user and --dial-secret-file go together: give both, or neither")
