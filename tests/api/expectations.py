"""What each route needs of whom: the table that the walk holds every route against. A route that is not here fails it."""

from dataclasses import dataclass, field
from typing import Any

from crm_core.access import POLICY, Right
from crm_core.users.tables import Role


@dataclass(frozen=True, slots=True)
class Needs:
    """`right`: what the role must have, or one of `rights`, else 403 (`hidden`: 404). `scoped`: a manager gets only what is his
    own, else 404. `or_owner`: without the right, whose it is may too.

    `ok` is the answer to whoever may; `public`: strangers get it too. `body` is sent as JSON, `form` as a form; words in
    braces are ids of the object asked about.
    """

    ok: int = 200
    right: Right | None = None
    rights: tuple[Right, ...] = ()
    scoped: bool = False
    hidden: bool = False
    public: bool = False
    or_owner: bool = False
    body: dict[str, Any] | None = None
    form: dict[str, str] = field(default_factory=dict)

    def status_for(self, role: Role, *, own: bool) -> int:
        """The expected answer, from the policy alone."""
        may_as_owner = self.or_owner and role is Role.MANAGER  # of what is not his own he gets 404
        if self.right is not None and not may_as_owner and POLICY[role].rights.isdisjoint({self.right, *self.rights}):
            return 404 if self.hidden else 403
        return 404 if self.scoped and role is Role.MANAGER and not own else self.ok

    def status_for_seen(self, role: Role) -> int:
        """Of a colleague's that the scope of the role shows."""
        return 403 if self.or_owner else self.status_for(role, own=True)


WORK, LISTEN, REVIEW = Right.WORK, Right.LISTEN, Right.REVIEW
MERGE, IMPORT, EXPORT = Right.MERGE, Right.IMPORT, Right.EXPORT
REASSIGN = Right.REASSIGN
FIGURES, PEOPLE, EXCHANGES, SETTINGS = Right.SEE_FIGURES, Right.SEE_PEOPLE, Right.SEE_EXCHANGES, Right.SETTINGS
PERSONAL = Right.SEE_PERSONAL

PUBLIC = {
    "GET /api/openapi.json": Needs(public=True),
    "HEAD /api/openapi.json": Needs(public=True),
    "GET /api/docs": Needs(public=True),
    "GET /healthz": Needs(public=True),
    "GET /readyz": Needs(public=True),
    "GET /metrics": Needs(404, public=True),  # the walk comes from loopback, but asks by a name that is not this machine's
    "GET /login": Needs(public=True),
    "POST /login": Needs(303, public=True, form={"email": "nobody@office.test", "password": "wrong"}),
    "POST /logout": Needs(303, public=True),
    "GET /setup/{link}": Needs(404, public=True),  # there are users: no link opens anything
    "POST /setup/{link}": Needs(404, public=True, form={"email": "a@b.test", "name": "A", "password": "long enough"}),
}

REST = {
    "GET calls": Needs(),
    "POST calls": Needs(409, right=WORK, body={"to": "+7 916 000-00-01"}),  # nothing is set up to dial with
    "GET calls/attempts/{attempt_id}": Needs(scoped=True),
    "GET calls/{call_id}": Needs(scoped=True),
    "GET calls/{call_id}/transcript": Needs(right=LISTEN, scoped=True),
    "POST calls/{call_id}/review": Needs(right=REVIEW, body={}),
    "POST calls/{call_id}/remarks": Needs(201, right=REVIEW, body={"text": "good"}),
    "GET recordings/{recording_id}/audio": Needs(right=LISTEN, scoped=True, hidden=True),
    "HEAD recordings/{recording_id}/audio": Needs(right=LISTEN, scoped=True, hidden=True),
    "GET recordings/{recording_id}/peaks": Needs(right=LISTEN, scoped=True, hidden=True),
    "GET contacts": Needs(),
    "POST contacts": Needs(201, right=WORK, body={"name": "N"}),
    "GET contacts/{contact_id}": Needs(scoped=True),
    "PATCH contacts/{contact_id}": Needs(right=WORK, scoped=True, body={"note": "n"}),
    "POST contacts/{contact_id}/numbers": Needs(
        right=WORK, scoped=True, body={"number": "+7 916 555-00-{contact_id}{contact_id}"}
    ),
    "GET duplicates": Needs(right=MERGE),
    "GET merges": Needs(right=MERGE),
    "POST merges": Needs(201, right=MERGE, body={"noun": "contact", "kept_id": 1, "gone_id": 2}),
    "POST merges/{merge_id}/undo": Needs(right=MERGE),
    "GET companies": Needs(),
    "POST companies": Needs(201, right=WORK, body={"name": "New"}),
    "GET companies/{company_id}": Needs(scoped=True),
    "GET deals": Needs(),
    "POST deals": Needs(201, right=WORK, scoped=True, body={"contact_id": "{contact_id}"}),
    "GET deals/{deal_id}": Needs(scoped=True),
    "PATCH deals/{deal_id}": Needs(right=WORK, scoped=True, body={"title": "T"}),
    "POST deals/bulk": Needs(right=WORK, body={"deal_ids": [1], "deed": "source", "source": "ad"}),
    "GET views": Needs(),
    "POST views": Needs(201, body={"section": "deals", "name": "Mine", "query": "owner_id=me"}),
    "DELETE views/{view_id}": Needs(404),
    "GET deals/{deal_id}/gate": Needs(422),
    "GET overrides": Needs(right=FIGURES),
    "POST deals/{deal_id}/move": Needs(right=WORK, scoped=True, body={"stage": 3}),
    "POST deals/{deal_id}/lose": Needs(right=WORK, scoped=True, body={"reason_id": 1}),
    "POST deals/{deal_id}/reopen": Needs(right=WORK, scoped=True),
    "GET loss-reasons": Needs(),
    "POST loss-reasons": Needs(201, right=SETTINGS, body={"name": "Moved away", "reasoned": True}),
    "PATCH loss-reasons/{reason_id}": Needs(right=SETTINGS, body={"reasoned": False}),
    "GET tasks": Needs(),
    "POST tasks": Needs(201, right=WORK, scoped=True, body={"title": "T", "due_at": "2026-12-01T10:00Z", "deal_id": "{deal_id}"}),
    "GET tasks/{task_id}": Needs(scoped=True),
    "PATCH tasks/{task_id}": Needs(right=WORK, scoped=True, body={"done": True}),
    "GET pipelines": Needs(),
    "GET pipelines/{pipeline_id}": Needs(),
    "GET users": Needs(),
    "GET users/{user_id}": Needs(right=PEOPLE, hidden=True),
    "POST users": Needs(201, right=SETTINGS, body={"email": "new@office.test", "name": "New", "role": "qa"}),
    "PATCH users/{user_id}": Needs(right=SETTINGS, body={"name": "Renamed"}),
    "GET teams": Needs(right=PEOPLE),
    "GET teams/{team_id}": Needs(right=PEOPLE),
    "POST teams": Needs(201, right=SETTINGS, body={"name": "West"}),
    "PATCH teams/{team_id}": Needs(right=SETTINGS, body={"own_figures": True}),
    "DELETE teams/{team_id}": Needs(204, right=SETTINGS),
    "PUT teams/{team_id}/people/{user_id}": Needs(right=SETTINGS, body={"leads": True}),
    "DELETE teams/{team_id}/people/{user_id}": Needs(204, right=SETTINGS),
    "GET access": Needs(right=SETTINGS),
    "PATCH access/{role}": Needs(right=SETTINGS, body={"scopes": {"calls": "team"}}),
    "GET access/readings": Needs(right=PERSONAL, rights=(SETTINGS,)),
    "GET users/{user_id}/holdings": Needs(right=REASSIGN),
    "POST users/{user_id}/hand-over": Needs(right=REASSIGN, body={"to": [{"user_id": 1}]}),
    "POST users/{user_id}/hand-back": Needs(right=REASSIGN),
    "GET exchanges": Needs(right=EXCHANGES),
    "GET exchanges/{exchange_id}": Needs(right=EXCHANGES),
    "POST exchanges": Needs(
        201, right=SETTINGS, body={"name": "third", "ami_host": "192.0.2.8", "ami_user": "u", "ami_secret": "s"}
    ),
    "PATCH exchanges/{exchange_id}": Needs(right=SETTINGS, body={"language": "ru"}),
    "GET webhooks": Needs(right=SETTINGS),
    "POST webhooks": Needs(201, right=SETTINGS, body={"url": "https://crm.example.com/{webhook_id}"}),
    "GET webhooks/{webhook_id}": Needs(right=SETTINGS),
    "PATCH webhooks/{webhook_id}": Needs(right=SETTINGS, body={"kinds": ["call_ended"]}),
    "DELETE webhooks/{webhook_id}": Needs(204, right=SETTINGS),
    "POST webhooks/{webhook_id}/test": Needs(202, right=SETTINGS),
    "GET webhooks/{webhook_id}/deliveries": Needs(right=SETTINGS),
    "GET webhooks/{webhook_id}/deliveries/{delivery_id}": Needs(right=SETTINGS),
    "POST webhooks/{webhook_id}/deliveries/{delivery_id}/again": Needs(202, right=SETTINGS),
    "GET automation-actions": Needs(right=SETTINGS),
    "GET automations": Needs(right=SETTINGS),
    "POST automations": Needs(
        201, right=SETTINGS, body={"action": "write_note", "trigger": "payment", "settings": {"text": "Paid"}}
    ),
    "GET automations/{automation_id}": Needs(right=SETTINGS),
    "PATCH automations/{automation_id}": Needs(right=SETTINGS, body={"active": False}),
    "DELETE automations/{automation_id}": Needs(204, right=SETTINGS),
    "GET automations/{automation_id}/runs": Needs(right=SETTINGS),
    "GET automations/{automation_id}/dry-run": Needs(right=SETTINGS),
    "GET deals/{deal_id}/runs": Needs(scoped=True),
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
    "GET trust": Needs(right=EXCHANGES),
    "GET trust/{day_id}/differences": Needs(right=EXCHANGES),
    "GET me": Needs(),
    "GET stream": Needs(),
}

PAGES = {
    "GET /": Needs(303),
    "GET /strip": Needs(),
    "GET /nav": Needs(),
    "GET /tabs": Needs(),
    "POST /language": Needs(303, form={"language": "en"}),
    "GET /today": Needs(),
    "GET /today/desk": Needs(),
    "GET /live": Needs(right=FIGURES),
    "GET /live/floor": Needs(right=FIGURES),
    "GET /calls": Needs(),
    "GET /calls/list": Needs(),
    "GET /calls/more": Needs(422),  # more of which page is said by a cursor; so for all of them
    "GET /calls/{call_id}": Needs(scoped=True),
    "GET /calls/{call_id}/card": Needs(scoped=True),
    "GET /calls/{call_id}/talk": Needs(scoped=True),
    "GET /calls/{call_id}/why": Needs(scoped=True),
    "POST /calls/{call_id}/capture": Needs(404, right=EXCHANGES),  # these calls were never in a journal
    "POST /calls/{call_id}/review": Needs(303, right=REVIEW),
    "POST /calls/{call_id}/unreview": Needs(303, right=REVIEW),
    "POST /calls/{call_id}/remarks": Needs(303, right=REVIEW, form={"text": "good"}),
    "GET /missed": Needs(),
    "GET /missed/list": Needs(),
    "GET /missed/more": Needs(422),
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
    "GET /contacts": Needs(),
    "GET /contacts/list": Needs(),
    "GET /contacts/more": Needs(422),
    "GET /contacts/{contact_id}": Needs(scoped=True),
    "GET /contacts/{contact_id}/card": Needs(scoped=True),
    "POST /contacts/{contact_id}/edit": Needs(303, right=WORK, scoped=True, form={"name": "N"}),
    "POST /contacts/{contact_id}/numbers": Needs(
        303, right=WORK, scoped=True, form={"number": "+7 916 555-00-{contact_id}{contact_id}"}
    ),
    "POST /contacts/{contact_id}/not-customer": Needs(303, right=WORK, scoped=True),
    "POST /contacts/{contact_id}/customer": Needs(303, right=WORK, scoped=True),
    "GET /board": Needs(),
    "GET /board/columns": Needs(),
    "GET /deals": Needs(),
    "GET /deals/list": Needs(),
    "GET /deals/more": Needs(422),
    "POST /deals/bulk": Needs(right=WORK, form={"deed": "source", "source": "ad", "deal": "{deal_id}"}),
    "GET /views": Needs(),
    "POST /views": Needs(303, form={"section": "deals", "name": "Mine", "query": "owner_id=me"}),
    "POST /views/{view_id}/remove": Needs(404),
    "GET /deals/{deal_id}": Needs(scoped=True),
    "GET /deals/{deal_id}/card": Needs(scoped=True),
    "GET /deals/{deal_id}/older": Needs(422),
    "POST /deals/{deal_id}/move": Needs(303, right=WORK, scoped=True, form={"stage": "3", "expected": "2"}),
    "GET /overrides": Needs(right=FIGURES),
    "GET /overrides/more": Needs(422),
    "GET /deals/{deal_id}/refusal": Needs(422),
    "POST /deals/{deal_id}/supply": Needs(303, right=WORK, scoped=True, form={"stage": "3", "expected": "2"}),
    "POST /deals/{deal_id}/lose": Needs(303, right=WORK, scoped=True, form={"reason_id": "1"}),
    "POST /deals/{deal_id}/reopen": Needs(303, right=WORK, scoped=True),
    "POST /deals/{deal_id}/edit": Needs(303, right=WORK, scoped=True, form={"title": "T", "amount": "100"}),
    "POST /contacts/{contact_id}/fields": Needs(303, right=WORK, scoped=True),
    "GET /contacts/{contact_id}/personal": Needs(right=PERSONAL, scoped=True, or_owner=True),
    "GET /companies": Needs(),
    "GET /companies/list": Needs(),
    "GET /companies/more": Needs(422),
    "POST /companies": Needs(303, right=WORK, form={"name": "C"}),
    "GET /companies/{company_id}": Needs(scoped=True),
    "GET /companies/{company_id}/card": Needs(scoped=True),
    "POST /companies/{company_id}/edit": Needs(303, right=WORK, scoped=True, form={"name": "C", "inn": "7707083893"}),
    "POST /companies/{company_id}/fields": Needs(303, right=WORK, scoped=True),
    "GET /companies/{company_id}/personal": Needs(right=PERSONAL, scoped=True, or_owner=True),
    "GET /fields": Needs(right=SETTINGS),
    "POST /fields": Needs(303, right=SETTINGS, form={"name": "F", "noun": "deal", "kind": "text"}),
    "POST /fields/{field_id}": Needs(303, right=SETTINGS, form={"name": "F"}),
    "POST /fields/{field_id}/archived": Needs(303, right=SETTINGS, form={"archived": "yes"}),
    "POST /fields/{field_id}/shift": Needs(303, right=SETTINGS, form={"places": "1"}),
    "GET /work-types": Needs(right=SETTINGS),
    "POST /work-types": Needs(303, right=SETTINGS, form={"name": "W"}),
    "POST /work-types/{work_type_id}": Needs(303, right=SETTINGS, form={"name": "W"}),
    "GET /products": Needs(right=SETTINGS),
    "GET /products/more": Needs(422),
    "POST /products": Needs(303, right=SETTINGS, form={"name": "P", "price": "10"}),
    "POST /products/groups": Needs(303, right=SETTINGS, form={"name": "G"}),
    "POST /products/groups/{group_id}": Needs(303, right=SETTINGS, form={"name": "G"}),
    "POST /products/{product_id}": Needs(303, right=SETTINGS, form={"name": "P"}),
    "POST /deals/{deal_id}/fields": Needs(303, right=WORK, scoped=True),
    "GET /deals/{deal_id}/personal": Needs(right=Right.SEE_PERSONAL, scoped=True, or_owner=True),
    "POST /deals/{deal_id}/people": Needs(303, right=WORK, scoped=True, form={"name": "N"}),
    "POST /deals/{deal_id}/people/{contact_id}": Needs(303, right=WORK, scoped=True, form={"role": "r", "influence": "uses"}),
    "POST /deals/{deal_id}/people/{contact_id}/main": Needs(303, right=WORK, scoped=True),
    "POST /deals/{deal_id}/people/{contact_id}/remove": Needs(422, right=WORK, scoped=True),  # he is the main one
    "GET /deals/{deal_id}/products/new": Needs(right=WORK, scoped=True),
    "POST /deals/{deal_id}/products": Needs(303, right=WORK, scoped=True, form={"name": "P", "price": "10"}),
    "POST /deals/{deal_id}/products/sum": Needs(303, right=WORK, scoped=True),
    "POST /deals/{deal_id}/products/{line_id}": Needs(303, right=WORK, scoped=True, form={"quantity": "2", "price": "10"}),
    "POST /deals/{deal_id}/products/{line_id}/remove": Needs(303, right=WORK, scoped=True),
    "POST /deals/{deal_id}/meetings": Needs(303, right=WORK, scoped=True, form={"at": "2026-12-01T10:00", "place": "here"}),
    "POST /deals/{deal_id}/meetings/{meeting_id}": Needs(303, right=WORK, scoped=True, form={"place": "there"}),
    "POST /deals/{deal_id}/meetings/{meeting_id}/held": Needs(303, right=WORK, scoped=True, form={"agreements": "all"}),
    "POST /deals/{deal_id}/meetings/{meeting_id}/cancel": Needs(303, right=WORK, scoped=True),
    "POST /deals/{deal_id}/owner": Needs(303, right=WORK, scoped=True, form={"owner_id": "1"}),
    "POST /deals/{deal_id}/notes": Needs(303, right=WORK, scoped=True, form={"text": "t"}),
    "POST /deals/{deal_id}/tasks": Needs(303, right=WORK, scoped=True, form={"title": "T", "due": "2026-12-01T10:00"}),
    "GET /tasks": Needs(),
    "GET /tasks/list": Needs(),
    "GET /tasks/more": Needs(422),
    "POST /tasks/{task_id}/done": Needs(right=WORK, scoped=True),
    "POST /tasks/{task_id}/reopen": Needs(right=WORK, scoped=True),
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
    "GET /settings": Needs(right=PEOPLE),  # whoever may look at nothing of it has none
    "GET /people": Needs(right=PEOPLE),
    "GET /people/more": Needs(422),
    "POST /people": Needs(303, right=SETTINGS, form={"name": "N", "email": "n@office.test", "password": "long enough"}),
    "POST /people/{user_id}/extension": Needs(303, right=SETTINGS, form={"exchange_id": "{exchange_id}", "extension": "150"}),
    "POST /people/{user_id}/listening": Needs(303, right=SETTINGS, form={"may_listen": "yes"}),
    "POST /people/{user_id}/dialling": Needs(303, right=SETTINGS, form={"may_dial_unknown": "yes"}),
    "POST /people/{user_id}/deactivate": Needs(303, right=SETTINGS),
    "GET /people/{user_id}/leaving": Needs(right=REASSIGN),
    "POST /people/{user_id}/leaving": Needs(303, right=REASSIGN, form={"share_1": "1"}),
    "POST /people/{user_id}/hand-back": Needs(303, right=REASSIGN),
    "POST /people/{user_id}/reactivate": Needs(303, right=SETTINGS),
    "GET /teams": Needs(right=PEOPLE),
    "POST /teams": Needs(303, right=SETTINGS, form={"name": "West"}),
    "POST /teams/{team_id}": Needs(303, right=SETTINGS, form={"name": "South"}),
    "POST /teams/{team_id}/archive": Needs(303, right=SETTINGS),
    "POST /teams/{team_id}/people": Needs(303, right=SETTINGS, form={"user_id": "{user_id}", "leads": "1"}),
    "POST /teams/{team_id}/people/{user_id}/out": Needs(303, right=SETTINGS),
    "GET /access": Needs(right=SETTINGS),
    "POST /access/{role}": Needs(303, right=SETTINGS, form={"calls": "team"}),
    "GET /access/sight": Needs(right=SETTINGS),
    "GET /access/sight/{user_id}": Needs(right=SETTINGS),
    "GET /access/readings": Needs(right=PERSONAL, rights=(SETTINGS,)),
    "GET /access/readings/more": Needs(422),
    "GET /trust": Needs(right=EXCHANGES),
    "GET /trust/days": Needs(right=EXCHANGES),
    "GET /trust/{day_id}": Needs(right=EXCHANGES),
    "GET /trust/{day_id}/differences": Needs(right=EXCHANGES),
    "POST /trust": Needs(303, right=EXCHANGES, form={"exchange_id": "{exchange_id}", "day": "2026-11-20"}),
    "POST /trust/{day_id}/repair": Needs(303, right=SETTINGS),
    "GET /exchange": Needs(right=EXCHANGES),
    "GET /exchange/list": Needs(right=EXCHANGES),
    "POST /exchange": Needs(
        303,
        right=SETTINGS,
        form={
            "name": "second",
            "address": "192.0.2.7:5038",
            "user": "u",
            "secret": "s",
            "recordings": "",
        },
    ),
    "GET /exchange/{exchange_id}/doctor": Needs(right=EXCHANGES),
    "GET /exchange/{exchange_id}/doctor/found": Needs(right=EXCHANGES),
    "POST /exchange/{exchange_id}/doctor": Needs(303, right=SETTINGS),
    "POST /exchange/{exchange_id}/test-call": Needs(303, right=SETTINGS, form={"extension": "101", "number": "+7 916 000-00-01"}),
    "POST /exchange/check": Needs(right=SETTINGS),
    "GET /exchange/{exchange_id}": Needs(right=SETTINGS),
    "POST /exchange/{exchange_id}": Needs(
        303, right=SETTINGS, form={"dialect": "asterisk", "region": "RU", "address": "127.0.0.1:5038", "user": "u", "secret": "s"}
    ),
    "POST /exchange/{exchange_id}/check": Needs(right=SETTINGS),
    "GET /exchange/{exchange_id}/dialling": Needs(right=SETTINGS),
    "POST /exchange/{exchange_id}/dialling": Needs(
        303,
        right=SETTINGS,
        form={
            "countries": "RU",
            "per_hour": "30",
            "per_day": "150",
            "at_night": "3",
            "night_from": "21:00",
            "night_until": "08:00",
            "phone": "PJSIP/{{extension}}",
            "context": "firstring-outbound",
            "ring_seconds": "25",
        },
    ),
    "POST /exchange/{exchange_id}/dialler": Needs(303, right=SETTINGS, form={"user": "dialler", "secret": "s"}),
    "GET /webhooks": Needs(right=SETTINGS),
    "GET /webhooks/list": Needs(right=SETTINGS),
    "POST /webhooks": Needs(201, right=SETTINGS, form={"url": "https://crm.example.com/calls", "kinds": "call_ended"}),
    "GET /webhooks/{webhook_id}": Needs(right=SETTINGS),
    "GET /webhooks/{webhook_id}/list": Needs(right=SETTINGS),
    "GET /webhooks/{webhook_id}/more": Needs(422),
    "POST /webhooks/{webhook_id}": Needs(303, right=SETTINGS, form={"url": "https://crm.example.com/", "kinds": "call_ended"}),
    "POST /webhooks/{webhook_id}/active": Needs(303, right=SETTINGS, form={"active": "1"}),
    "POST /webhooks/{webhook_id}/remove": Needs(303, right=SETTINGS),
    "POST /webhooks/{webhook_id}/test": Needs(303, right=SETTINGS),
    "GET /webhooks/{webhook_id}/deliveries/{delivery_id}": Needs(right=SETTINGS),
    "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/again": Needs(303, right=SETTINGS),
    "GET /late": Needs(right=FIGURES),
    "GET /late/list": Needs(right=FIGURES),
    "GET /automations": Needs(right=SETTINGS),
    "GET /automations/list": Needs(right=SETTINGS),
    "GET /automations/new": Needs(right=SETTINGS),
    "POST /automations": Needs(303, right=SETTINGS, form={"action": "write_note", "trigger": "payment", "text": "Paid"}),
    "GET /automations/{automation_id}": Needs(right=SETTINGS),
    "POST /automations/{automation_id}": Needs(303, right=SETTINGS, form={"text": "Paid"}),
    "GET /automations/{automation_id}/runs": Needs(right=SETTINGS),
    "GET /automations/{automation_id}/dry-run": Needs(right=SETTINGS),
    "POST /automations/{automation_id}/active": Needs(303, right=SETTINGS, form={"active": ""}),
    "POST /automations/{automation_id}/shift": Needs(303, right=SETTINGS, form={"by": "1"}),
    "POST /automations/{automation_id}/remove": Needs(303, right=SETTINGS),
    "POST /dial": Needs(409, right=WORK, form={"to": "+7 916 000-00-01"}),
    "GET /dial/mine": Needs(),
    "GET /dial/near": Needs(right=EXCHANGES),
    "POST /exchange/{exchange_id}/records": Needs(
        303, right=SETTINGS, form={"cel": "/var/log/asterisk/cel-custom/firstring.csv"}
    ),
    "POST /exchange/{exchange_id}/active": Needs(303, right=SETTINGS, form={"active": "yes"}),
}


def all_needs() -> dict[str, Needs]:
    """By `METHOD /path`."""
    rest = {f"{method} /api/v1/{path}": needs for (method, path), needs in ((key.split(), value) for key, value in REST.items())}
    return PUBLIC | rest | PAGES
