"""Who works in the demo's company."""

from dataclasses import dataclass
from datetime import timedelta

from crm_core.demo.seeding import Demo
from crm_core.users import accounts, extensions, passwords
from crm_core.users.accounts import NewUser
from crm_core.users.tables import Role

DEMO_PASSWORD = "demo"  # noqa: S105  known to everybody, so the demo answers on loopback only


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    ru: str
    en: str
    role: Role
    extension: str | None = None


PEOPLE = (
    Person("manager@demo.local", "Ольга Котова", "Olga Kotova", Role.MANAGER, "101"),
    Person("igor@demo.local", "Игорь Савин", "Igor Savin", Role.MANAGER, "102"),
    Person("maria@demo.local", "Мария Рогова", "Maria Rogova", Role.MANAGER, "103"),
    Person("denis@demo.local", "Денис Лапшин", "Denis Lapshin", Role.MANAGER, "104"),
    Person("head@demo.local", "Анна Верещагина", "Anna Vereshchagina", Role.HEAD),
    Person("qa@demo.local", "Елена Орлова", "Elena Orlova", Role.QA),
    Person("admin@demo.local", "Пётр Власов", "Petr Vlasov", Role.ADMIN),
)


async def seed_people(demo: Demo) -> None:
    """Everybody with his phone."""
    password_hash = await passwords.hashed(DEMO_PASSWORD)
    since = demo.now - timedelta(days=90)
    for person in PEOPLE:
        new = NewUser(person.email, demo.said(person.ru, person.en), person.role, password_hash)
        user = demo.people[person.email] = await accounts.create_user(demo.tx, new, now=since, by=None)
        if person.extension is not None:
            await extensions.set_extension(demo.tx, user, demo.exchange_id, person.extension, now=since, by=None)


async def are_there(demo: Demo) -> bool:
    return await accounts.by_email(demo.tx, PEOPLE[0].email) is not None


def extension_of(email: str) -> str:
    return next(person.extension for person in PEOPLE if person.email == email) or ""
