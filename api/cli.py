"""The command `firstring`. Each command imports what it needs when it runs, so that the small ones start at once."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.exchange_cli import exchanges
from api.garbage import look_rarely

app = typer.Typer(
    name="firstring", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Call tracking and communications for sales teams on Asterisk.",
)  # fmt: skip


def _group(name: str, say: str) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help=say, rich_markup_mode=None)
    app.add_typer(group, name=name)
    return group


models = _group("models", "Speech models.")
database = _group("db", "The database.")
users = _group("user", "People.")
tokens = _group("token", "Bearer tokens for programs.")
app.add_typer(exchanges, name="exchange")

# What a capture is read with.
Cel = Annotated[Path | None, typer.Option(help="the exchange's CEL for the same time; fills the gaps")]
Trunks = Annotated[list[str] | None, typer.Option(help="glob on channel names that are outside lines")]
Extensions = Annotated[list[str] | None, typer.Option(help="glob on channel names that are people's phones")]
Region = Annotated[str, typer.Option(help="where national numbers are dialled")]
OneCall = Annotated[str | None, typer.Option(metavar="LINKEDID", help="which of a capture's calls")]
NextSessions = Annotated[list[Path] | None, typer.Option("--after", help="the capture's next session, after a gap")]


class Part(StrEnum):
    WEB = "web"
    LISTEN = "listen"
    WORK = "work"


class RoleName(StrEnum):
    MANAGER = "manager"
    HEAD = "head"
    QA = "qa"
    ADMIN = "admin"


@app.command()
def serve(only: Annotated[list[Part] | None, typer.Option(help="run only this part; may be repeated")] = None) -> None:
    """Run the product: everything in one process tree, unless --only splits it."""
    _require_settings()
    from api.commands.serve import serve as run

    run(tuple(part.value for part in only or Part))


@app.command()
def demo() -> None:
    """Run the product with a practice exchange that plays calls and a demo company; loopback only."""
    _require_settings()
    from api.commands.demo import demo as run

    run()


@app.command()
def replay(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE.ami...", help="sessions of one exchange, in order")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a call")] = False,
    cel: Cel = None,
    trunk: Trunks = None,
    extension: Extensions = None,
    region: Region = "RU",
) -> None:
    """AMI captures → calls, without a database."""
    from api.commands.replay import replay as run

    run(files or [], as_json=as_json, cel=cel, trunks=trunk or [], extensions=extension or [], region=region)


@app.command()
def explain(
    what: Annotated[str, typer.Argument(metavar="ID|FILE.ami", help="a call's id or linkedid, or a capture")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a call")] = False,
    call: OneCall = None,
    more: NextSessions = None,
    cel: Cel = None,
    trunk: Trunks = None,
    extension: Extensions = None,
    region: Region = "RU",
) -> None:
    """The ladder of a call: channels, bridges, holds, transfers, and why its figures are what they are."""
    from api.commands.captures import Lines
    from api.commands.explain import explain_asked

    lines = Lines(cel, trunk or [], extension or [], region)
    explain_asked(what, as_json=as_json, more=more or [], call=call, lines_told=lines)


@app.command()
def export(
    what: Annotated[str, typer.Argument(metavar="ID|FILE.ami...", help="a call's id or linkedid, or a capture")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="where the files go")],
    more: NextSessions = None,
    name: Annotated[str | None, typer.Option(help="of the files; else made of the call's kind")] = None,
    call: OneCall = None,
    cel: Cel = None,
    trunk: Trunks = None,
    extension: Extensions = None,
    region: Region = "RU",
) -> None:
    """One call as a capture without numbers and names of people, to be sent to the maintainers or kept as a test."""
    from api.commands.captures import Lines
    from api.commands.export import export_asked

    lines = Lines(cel, trunk or [], extension or [], region)
    export_asked(what, to, more=more or [], name=name, call=call, lines_told=lines)


@app.command()
def rederive(
    since: Annotated[str, typer.Option("--from", metavar="TIME", help="2026-11-22, or 2026-11-22T10:30")],
    until: Annotated[str | None, typer.Option("--to", metavar="TIME", help="until now, unless told")] = None,
    exchange: Annotated[str | None, typer.Option(help="whose calls; needed if there are several")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="take in what differs")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a difference")] = False,
) -> None:
    """Derive the calls of a period again from what the exchange said, and show what differs from their rows."""
    from api.commands.rederive import rederive as run

    if not run(exchange, since, until, apply=apply, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def doctor(
    exchange: Annotated[str | None, typer.Option(help="only this one; else all")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
    config: Annotated[Path | None, typer.Option(metavar="DIR", help="its configuration folder, if it is on this machine")] = None,
    test_call: Annotated[str | None, typer.Option(metavar="EXTENSION", help="ring this phone, then call --to")] = None,
    to: Annotated[str | None, typer.Option(metavar="NUMBER", help="whom a test call goes to, such as your mobile")] = None,
) -> None:
    """Look at the installation and its exchanges: what is wrong, and what to paste where. Changes nothing."""
    from api.commands.doctor import Asked
    from api.commands.doctor import doctor as run
    from crm_core.errors import Invalid

    if (test_call is None) != (to is None):
        raise Invalid("--test-call and --to go together: whose phone is rung, and who is called then")
    if not run(Asked(exchange, config, test_call, to), as_json_lines=as_json):
        raise typer.Exit(1)


@models.command("fetch")
def models_fetch(name: Annotated[str | None, typer.Argument(help="FIRSTRING_WHISPER_MODEL, unless told")] = None) -> None:
    """Fetch a speech model, unless it is there."""
    from api.commands.models import fetch

    fetch(name)


@models.command("list")
def models_list() -> None:
    """The models that are there; the one in use is marked."""
    from api.commands.models import show

    show()


@database.command("upgrade")
def database_upgrade() -> None:
    """Bring the database to this version's tables."""
    from api.commands.database import upgrade

    upgrade()


@database.command("move")
def database_move(
    to: Annotated[str, typer.Option(metavar="URL", help="an empty database: postgresql+asyncpg://… or sqlite+aiosqlite:///…")],
) -> None:
    """Copy everything into another, empty database, checked by counts and sums; stop the product first."""
    from api.commands.database import move

    move(to)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="where backups are kept, on another disk if you can")],
    without_key: Annotated[bool, typer.Option("--without-key", help="leave the installation's key out")] = False,
    keep: Annotated[int | None, typer.Option(metavar="N", help="then remove older ones: N stay, this one among them")] = None,
) -> None:
    """Write one more backup (database, stored files, key) while everything runs."""
    from api.commands.backup import backup as run

    run(folder, with_key=not without_key, keep=keep)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the folder `firstring backup` wrote to")],
    name: Annotated[str | None, typer.Option("--from", metavar="NAME", help="which backup; else the newest")] = None,
) -> None:
    """Bring a backup back into an empty installation."""
    from api.commands.backup import restore as run

    run(folder, name)


@users.command("add")
def user_add(
    email: str,
    role: Annotated[RoleName, typer.Option()],
    extension: Annotated[str | None, typer.Option(help="his phone")] = None,
    exchange: Annotated[str, typer.Option(help="the exchange of that phone")] = "default",
    name: Annotated[str | None, typer.Option(help="as others see him; else the e-mail")] = None,
    password_file: Annotated[Path | None, typer.Option(help="holds his password; else one is made and printed")] = None,
    may_listen: Annotated[bool, typer.Option("--may-listen", help="for an administrator: also hears and reads calls")] = False,
) -> None:
    """Add a person."""
    from api.commands.users import add

    add(email, role.value, extension, exchange, name or email, password_file, may_listen=may_listen)


@tokens.command("create")
def token_create(email: str) -> None:
    """Make a bearer token that acts as this user; prints the token alone."""
    from api.commands.users import create_token

    create_token(email)


@app.command()
def reconcile(
    exchange: Annotated[str | None, typer.Option(help="whose calls; all exchanges, unless told")] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="DAY", help="2026-11-21; yesterday, unless told")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="DAY", help="the last day; today, unless told")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="fill in what is missing, take recordings left behind")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a day")] = False,
) -> None:
    """Our calls × the exchange's own records × recordings on disk, day by day: what agrees and what differs."""
    from api.commands.reconcile import reconcile as run

    if not run(exchange, since, until, repair=repair, as_json=as_json):
        raise typer.Exit(1)


def _require_settings() -> None:
    """A wrong setting is told before everything is loaded."""
    from crm_core.settings import load_settings

    load_settings()


def main() -> None:
    """Errors are one line on stderr saying what to do. Exit codes: 0 done, 1 a check failed, 2 wrong use."""
    look_rarely()
    sys.exit(_run())


def _run() -> int:
    from crm_core.errors import FirstringError, Invalid, SettingsError

    try:
        code = app(standalone_mode=False)
    except (typer.Abort, BrokenPipeError):
        return 1  # asked to stop, or whoever read our output has had enough of it
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # the command was called bare: its message is the help itself
            print(_worded(error))
            return 2
        return _tell(f"{_worded(error)}; see firstring --help", 2)
    except FirstringError as error:
        return _tell(error.say, 2 if isinstance(error, SettingsError | Invalid) else 1)
    except OSError as error:
        if error.filename is None:
            raise
        return _tell(f"{error.filename} cannot be used ({error.strerror}): mend it, or name another", 1)
    return code if isinstance(code, int) else 0


def _worded(error: typer.TyperException) -> str:
    worded = getattr(error, "format_message", None)
    return str(worded() if worded else error).replace("Value error, ", "").strip().rstrip(".")


def _tell(say: str, code: int) -> int:
    print("firstring: " + " ".join(say.split()), file=sys.stderr)
    return code
