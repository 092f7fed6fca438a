"""The same of lead rules, requests and the forms they come by."""

from crm_core.access import Right
from tests.api.needs import Needs

WORK, SETTINGS = Right.WORK, Right.SETTINGS

REST = {
    "OPTIONS requests": Needs(204, public=True),
    "POST requests": Needs(201, body={"phone": "+7 916 777-00-{contact_id}{contact_id}"}),
    "GET requests": Needs(),
    "GET requests/{request_id}": Needs(scoped=True),
    "POST requests/{request_id}/rescue": Needs(right=WORK, scoped=True),
    "GET request-forms": Needs(right=SETTINGS),
    "POST request-forms": Needs(201, right=SETTINGS, body={"name": "New"}),
    "GET request-forms/{form_id}": Needs(right=SETTINGS),
    "PATCH request-forms/{form_id}": Needs(right=SETTINGS, body={"name": "Renamed"}),
    "GET lead-rules": Needs(right=SETTINGS),
    "POST lead-rules": Needs(201, right=SETTINGS, body={"name": "New"}),
    "POST lead-rules/order": Needs(409, right=SETTINGS, body={"ids": [99]}),  # there is no such rule
    "POST lead-rules/dry-run": Needs(right=SETTINGS, body={}),
    "GET lead-rules/{lead_rule_id}": Needs(right=SETTINGS),
    "PATCH lead-rules/{lead_rule_id}": Needs(right=SETTINGS, body={"active": True}),
    "DELETE lead-rules/{lead_rule_id}": Needs(204, right=SETTINGS),
}

PAGES: dict[str, Needs] = {}
