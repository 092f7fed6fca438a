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

PAGES = {
    "GET /requests": Needs(),
    "GET /requests/list": Needs(),
    "GET /requests/fresh": Needs(),
    "GET /requests/more": Needs(422),
    "POST /requests/{request_id}/rescue": Needs(303, right=WORK, scoped=True),
    "GET /request-forms": Needs(right=SETTINGS),
    "POST /request-forms": Needs(303, right=SETTINGS, form={"name": "New"}),
    "GET /request-forms/{form_id}": Needs(right=SETTINGS),
    "POST /request-forms/{form_id}": Needs(303, right=SETTINGS, form={"name": "Renamed"}),
    "POST /request-forms/{form_id}/active": Needs(303, right=SETTINGS, form={"active": "1"}),
    "GET /lead-rules": Needs(right=SETTINGS),
    "GET /lead-rules/list": Needs(right=SETTINGS),
    "GET /lead-rules/new": Needs(right=SETTINGS),
    "GET /lead-rules/dry-run": Needs(right=SETTINGS),
    "POST /lead-rules/dry-run": Needs(right=SETTINGS, form={"name": "Tried"}),
    "POST /lead-rules": Needs(303, right=SETTINGS, form={"name": "New"}),
    "POST /lead-rules/order": Needs(409, right=SETTINGS, form={"ids": "99"}),
    "POST /lead-rules/hours": Needs(303, right=SETTINGS, form={"mon-from": "09:00", "mon-to": "18:00"}),
    "GET /lead-rules/{lead_rule_id}": Needs(right=SETTINGS),
    "POST /lead-rules/{lead_rule_id}": Needs(303, right=SETTINGS, form={"name": "Renamed"}),
    "POST /lead-rules/{lead_rule_id}/active": Needs(303, right=SETTINGS, form={"active": "1"}),
    "POST /lead-rules/{lead_rule_id}/remove": Needs(303, right=SETTINGS),
}
