"""What a few months leave behind: a contact that was written down twice, and fields that were changed."""

from datetime import timedelta

from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.demo.seeding import Demo
from crm_core.fields.history import Noun, note_changes
from crm_core.merging.likeness import Why
from crm_core.merging.tables import duplicates

KNOWN, AGAIN = "79161112233", "74957008090"
MANAGER, HEAD = "manager@demo.local", "head@demo.local"


async def seed_records(demo: Demo) -> None:
    await _seed_duplicate(demo)
    await _seed_history(demo)


async def _seed_duplicate(demo: Demo) -> None:
    """He gave his name the other way round when he rang from the office."""
    came = demo.in_working_hours(2.6)
    again = await demo.row(
        contacts, name=demo.said("Ремизов Павел", "Remizov Pavel"), company_id=demo.companies[KNOWN], created_at=came
    )
    await demo.row(contact_numbers, number=AGAIN, raw=f"+{AGAIN}", contact_id=again, created_at=came)
    one, other = sorted((demo.contacts[KNOWN], again))
    await demo.row(duplicates, noun=Noun.CONTACT, one_id=one, other_id=other, why=[Why.NAME_AND_COMPANY], found_at=demo.now)


async def _seed_history(demo: Demo) -> None:
    changes = {"position": (demo.said("менеджер", "manager"), demo.said("директор", "director"))}
    at = demo.in_working_hours(3.2)
    await note_changes(demo.tx, Noun.CONTACT, demo.contacts[KNOWN], changes, by=demo.people[MANAGER], now=at)
    amounts = {"amount": (18_000_000, 24_000_000)}
    await note_changes(demo.tx, Noun.DEAL, demo.deals[KNOWN], amounts, by=demo.people[HEAD], now=at + timedelta(hours=2))
