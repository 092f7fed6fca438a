"""What the routes of pipelines, stages and loss reasons need."""

from crm_core.access import Right
from tests.api.needs import Needs

WORK, FIGURES, SETTINGS = Right.WORK, Right.SEE_FIGURES, Right.SETTINGS

REST = {
    "POST deals/{deal_id}/lose": Needs(right=WORK, scoped=True, body={"reason_id": 1}),
    "POST deals/{deal_id}/reopen": Needs(right=WORK, scoped=True),
    "GET loss-reasons": Needs(),
    "POST loss-reasons": Needs(201, right=SETTINGS, body={"name": "Moved away", "reasoned": True}),
    "PATCH loss-reasons/{reason_id}": Needs(right=SETTINGS, body={"reasoned": False}),
    "GET pipelines": Needs(),
    "GET pipelines/{pipeline_id}": Needs(),
    "POST pipelines": Needs(201, right=SETTINGS, body={"name": "Walked {stage_id}", "template": "short"}),
    "PATCH pipelines/{pipeline_id}": Needs(right=SETTINGS, body={"name": "Продажи"}),
    "POST pipelines/{pipeline_id}/stages": Needs(201, right=SETTINGS, body={"name": "One more"}),
    "POST pipelines/{pipeline_id}/take-over": Needs(right=SETTINGS, body={"template": "eleven"}),
    "GET gates": Needs(),
    "GET stages/{stage_id}": Needs(),
    "PATCH stages/{stage_id}": Needs(right=SETTINGS, body={"goal": "to learn"}),
    "POST stages/{stage_id}/remove": Needs(right=SETTINGS, body={}),
    "POST stages/{stage_id}/restore": Needs(right=SETTINGS),
}

PAGES = {
    "GET /pipelines": Needs(right=FIGURES),
    "POST /pipelines": Needs(303, right=SETTINGS, form={"name": "Walked {pipeline_id}", "template": "short"}),
    "POST /pipelines/order": Needs(409, right=SETTINGS, form={"ids": "77"}),  # there is no such pipeline
    "GET /pipelines/{pipeline_id}": Needs(right=FIGURES),
    "POST /pipelines/{pipeline_id}": Needs(303, right=SETTINGS, form={"name": "Продажи"}),
    "POST /pipelines/{pipeline_id}/archive": Needs(409, right=SETTINGS),  # the last one stays
    "POST /pipelines/{pipeline_id}/restore": Needs(303, right=SETTINGS),
    "POST /pipelines/{pipeline_id}/order": Needs(409, right=SETTINGS, form={"ids": "77"}),
    "POST /pipelines/{pipeline_id}/stages": Needs(303, right=SETTINGS, form={"name": "One more"}),
    "GET /pipelines/{pipeline_id}/template": Needs(right=SETTINGS),
    "POST /pipelines/{pipeline_id}/template": Needs(303, right=SETTINGS, form={"name": "eleven"}),
    "GET /stages/{stage_id}": Needs(right=FIGURES),
    "POST /stages/{stage_id}": Needs(303, right=SETTINGS, form={"name": "Renamed"}),
    "POST /stages/{stage_id}/remove": Needs(303, right=SETTINGS),
    "POST /stages/{stage_id}/restore": Needs(303, right=SETTINGS),
    "GET /loss-reasons": Needs(right=FIGURES),
    "POST /loss-reasons": Needs(303, right=SETTINGS, form={"name": "Moved away"}),
    "POST /loss-reasons/{reason_id}": Needs(303, right=SETTINGS, form={"name": "Renamed"}),
    "POST /loss-reasons/{reason_id}/archive": Needs(303, right=SETTINGS),
    "POST /loss-reasons/{reason_id}/restore": Needs(303, right=SETTINGS),
}
