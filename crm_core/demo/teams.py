"""Two teams of the demo's company under one head, and who lately read what is personal on a card."""

from datetime import timedelta

from crm_core.demo.seeding import Demo
from crm_core.fields.reading import READ
from crm_core.teams.deeds import make_team, put_into_team
from crm_core.users.audit import record

HEAD = "head@demo.local"
TEAMS = (
    (("Новые клиенты", "New clients"), ("manager@demo.local", "igor@demo.local")),
    (("Постоянные клиенты", "Regular clients"), ("maria@demo.local", "denis@demo.local")),
)
# The customer whose card has something personal (crm_core.demo.cards), read so many days ago.
READINGS = (("manager@demo.local", "79161112233", 1.2), (HEAD, "79161112233", 1.4))


async def seed_teams(demo: Demo) -> None:
    """Roles stay as usual: the demo's manager sees his own, its head everybody."""
    since, by = demo.now - timedelta(days=60), demo.people["admin@demo.local"]
    for names, people in TEAMS:
        team = await make_team(demo.tx, demo.said(*names), now=since, by=by)
        for email in people:
            await put_into_team(demo.tx, team, demo.people[email], now=since, by=by)
        await put_into_team(demo.tx, team, demo.people[HEAD], leads=True, now=since, by=by)
    for email, number, days in READINGS:
        at = demo.in_working_hours(days)
        await record(demo.tx, demo.people[email], READ, "contact", demo.contacts[number], now=at)
