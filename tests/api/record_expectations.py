"""The same of duplicates, merges, imports, exports and histories."""

from crm_core.access import Right
from tests.api.needs import Needs

MERGE, IMPORT, EXPORT, WORK = Right.MERGE, Right.IMPORT, Right.EXPORT, Right.WORK

REST = {
    "GET duplicates": Needs(right=MERGE),
    "GET merges": Needs(right=MERGE),
    "POST merges": Needs(201, right=MERGE, body={"noun": "contact", "kept_id": 1, "gone_id": 2}),
    "POST merges/{merge_id}/undo": Needs(right=MERGE),
    "GET history": Needs(422),  # of which card is said by the query
    "POST history/{change_id}/restore": Needs(right=WORK, scoped=True),
}

PAGES = {
    "GET /exports/contacts.{form}": Needs(right=EXPORT),
    "GET /exports/companies.{form}": Needs(right=EXPORT),
    "GET /exports/deals.{form}": Needs(right=EXPORT),
    "GET /exports/calls.{form}": Needs(right=EXPORT),
    "GET /imports": Needs(right=IMPORT),
    "GET /imports/more": Needs(422),
    "POST /imports": Needs(422, right=IMPORT),  # without a file
    "GET /imports/{import_id}": Needs(right=IMPORT),
    "GET /imports/{import_id}/state": Needs(right=IMPORT),
    "POST /imports/{import_id}/shape": Needs(303, right=IMPORT, form={"noun": "contact", "encoding": "cp1251", "delimiter": ";"}),
    "POST /imports/{import_id}/columns": Needs(303, right=IMPORT, form={"column-0": "name", "known": "fill"}),
    "POST /imports/{import_id}/remove": Needs(303, right=IMPORT),
    "GET /imports/{import_id}/refused.csv": Needs(right=IMPORT),
    "GET /duplicates": Needs(right=MERGE),
    "GET /duplicates/list": Needs(right=MERGE),
    "GET /duplicates/more": Needs(422),
    "POST /duplicates/look": Needs(303, right=MERGE, form={"noun": "contact"}),
    "POST /duplicates/{duplicate_id}/apart": Needs(303, right=MERGE),
    "GET /merges/compare": Needs(422),
    "POST /merges": Needs(303, right=MERGE, form={"noun": "contact", "kept": "1", "one": "1", "other": "2"}),
    "GET /merges/{merge_id}": Needs(right=MERGE),
    "POST /merges/{merge_id}/undo": Needs(right=MERGE),
    "GET /duplicates/near": Needs(422),
    "GET /history/deal/{deal_id}": Needs(scoped=True),
    "GET /history/contact/{contact_id}": Needs(scoped=True),
    "GET /history/company/{company_id}": Needs(scoped=True),
    "GET /history/more": Needs(422),
    "POST /history/{change_id}/restore": Needs(303, right=WORK, scoped=True),
}
