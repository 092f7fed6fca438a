"""The same of reports and plans."""

from crm_core.access import Right
from tests.api.needs import Needs

PLAN = Right.PLAN
MONTH = {"indicator": "calls", "period": "month", "begins": "2026-11-01"}

REST = {
    "GET reports/plan": Needs(),
    "PUT plans": Needs(right=PLAN, body={**MONTH, "plans": {}}),
    "GET reports/leaks": Needs(),
}

PAGES = {
    "GET /plan": Needs(),
    "GET /plan/figures": Needs(),
    "GET /plan/edit": Needs(right=PLAN),
    "POST /plan": Needs(303, right=PLAN, form={}),
    "GET /leaks": Needs(),
    "GET /leaks/figures": Needs(),
    "GET /leaks/behind": Needs(),
}
