"""Plans of the demo's managers for this month and the next."""

from sqlalchemy import select

from crm_core.demo.seeding import Demo
from crm_core.reports.periods import PeriodKind, period_with
from crm_core.reports.tables import plans
from crm_core.users.tables import Role, users

# Calls, seconds of talk, meetings, deals won, kopecks won.
A_MONTH = {"calls": 12, "talk": 2400, "meetings": 2, "won_deals": 2, "won_amount": 40_000_000}


async def seed_plans(demo: Demo) -> None:
    month = period_with(PeriodKind.MONTH, demo.now.date())
    managers = (await demo.tx.scalars(select(users.c.id).where(users.c.role == Role.MANAGER).order_by(users.c.id))).all()
    for period in (month, month.after):
        for user_id in managers:
            for name, value in A_MONTH.items():
                await demo.row(
                    plans, indicator=name, period=period.kind, begins=period.begins, whose=f"user:{user_id}", user_id=user_id,
                    value=value, set_at=demo.now,
                )  # fmt: skip
