"""How one table is to be taken in, as `imports.options` keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crm_core.errors import Invalid
from crm_core.fields.definitions import Field
from crm_core.fields.history import Noun
from crm_core.importing.csv_file import DELIMITERS, ENCODINGS
from crm_core.importing.drafts import Known
from crm_core.importing.sheets import FileKind, Shape
from crm_core.importing.targets import Target, guessed, targets
from crm_core.text import clean, msgid

SIGNS: Mapping[Noun, tuple[str, ...]] = {
    Noun.CONTACT: ("number", "email"),
    Noun.COMPANY: ("inn", "email", "name"),
    Noun.DEAL: ("number", "email"),
}
"""By what a known record may be recognised, beside its number in the other program, which always counts."""

NAMES: Mapping[Noun, frozenset[str]] = {
    Noun.CONTACT: frozenset(("name", "number", "email", "external_id")),
    Noun.COMPANY: frozenset(("name",)),
    Noun.DEAL: frozenset(("title", "external_id")),
}
"""One of these is wanted, else no row becomes anything."""

NOTHING_CHOSEN = msgid("No column says what the records are called. Choose one for the name.")
CHOSEN_TWICE = msgid("Two columns cannot both become “%(target)s”.")
OF_WHOM = msgid("No column says whose deals they are. Choose the contact's name, number or e-mail.")


@dataclass(frozen=True, slots=True)
class Options:
    """`columns`: {column, from 0: target}. `override`: the reason by which gates are set aside for deals that were further."""

    noun: Noun
    shape: Shape
    heading: tuple[str, ...] = ()
    columns: Mapping[int, str] = field(default_factory=dict)
    known: Known = Known.FILL
    identify: frozenset[str] = frozenset()
    owner_id: int | None = None
    override: str | None = None

    def kept(self) -> dict[str, Any]:
        return {
            "noun": self.noun, "kind": self.shape.kind, "encoding": self.shape.encoding, "delimiter": self.shape.delimiter,
            "sheet": self.shape.sheet, "heading": list(self.heading), "known": self.known, "identify": sorted(self.identify),
            "columns": {str(column): target for column, target in self.columns.items()},
            "owner_id": self.owner_id, "override": self.override,
        }  # fmt: skip

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Options":
        shape = Shape(FileKind(kept["kind"]), kept["encoding"], kept["delimiter"], kept["sheet"])
        columns = {int(column): target for column, target in kept["columns"].items()}
        return cls(
            Noun(kept["noun"]), shape, tuple(kept["heading"]), columns, Known(kept["known"]), frozenset(kept["identify"]),
            kept["owner_id"], kept["override"],
        )  # fmt: skip

    def mapping(self, fields: Sequence[Field]) -> dict[int, Target]:
        """{column: target}; a target that is there no more (a field put away since) is left out."""
        known = {target.name: target for target in targets(self.noun, fields)}
        return {column: known[name] for column, name in sorted(self.columns.items()) if name in known}


def begun(noun: Noun, shape: Shape, heading: Sequence[str], fields: Sequence[Field]) -> Options:
    """As it is offered first: columns guessed by their headings."""
    words = tuple(clean(cell, 200) for cell in heading)
    return Options(noun, shape, words, guessed(noun, fields, words), identify=frozenset(SIGNS[noun]))


def chosen(
    options: Options, columns: Mapping[int, str], fields: Sequence[Field], *, known: str, identify: Sequence[str],
    owner_id: int | None, override: str | None,
) -> Options:  # fmt: skip
    """The options with what a person chose; raises Invalid with the fact `options` for what cannot be."""
    lawful = {target.name: target for target in targets(options.noun, fields)}
    wanted = {column: name for column, name in columns.items() if name and 0 <= column < len(options.heading)}
    unknown = [name for name in wanted.values() if name not in lawful]
    if unknown or known not in set(Known) or not set(identify) <= set(SIGNS[options.noun]):
        raise Invalid(msgid("Choose from what is offered."), options=True)
    reason = clean(override or "", 300).strip() or None
    return replace(
        options, columns=wanted, known=Known(known), identify=frozenset(identify), owner_id=owner_id, override=reason
    )  # fmt: skip


def require_whole(options: Options, fields: Sequence[Field]) -> None:
    """Raises Invalid with the fact `options` where the columns would make nothing of the rows."""
    lawful = {target.name: target for target in targets(options.noun, fields)}
    names = [name for name in options.columns.values() if name in lawful]
    if not NAMES[options.noun] & set(names):
        raise Invalid(NOTHING_CHOSEN, options=True)
    if options.noun is Noun.DEAL and not any(name.startswith("contact.") for name in names):
        raise Invalid(OF_WHOM, options=True)
    for name in names:
        if names.count(name) > 1 and not lawful[name].several:
            raise Invalid(CHOSEN_TWICE, options=True, target=lawful[name].label)


def reshaped(options: Options, shape: Shape, heading: Sequence[str], fields: Sequence[Field], noun: Noun) -> Options:
    """Read in another way: the columns are guessed anew, the other choices stay."""
    anew = begun(noun, shape, heading, fields)
    return replace(anew, known=options.known, owner_id=options.owner_id, override=options.override)


def require_lawful(shape: Shape) -> None:
    """Raises Invalid for an encoding or delimiter that is not offered."""
    if shape.kind is FileKind.CSV and not (shape.encoding in ENCODINGS and shape.delimiter in DELIMITERS):
        raise Invalid(msgid("Choose from what is offered."), options=True)
