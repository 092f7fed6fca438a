"""All pages, and the page that an error becomes."""

import re

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from api.web import (
    access,
    automations,
    board,
    bulk,
    calls,
    companies,
    contacts,
    deal_card,
    deal_company,
    deal_deeds,
    deal_forms,
    deal_list,
    deal_parts,
    dial_settings,
    dialling,
    doctor,
    duplicates,
    entrance,
    exchange,
    exports,
    fields,
    history,
    imports,
    late,
    lead_rules,
    leaks,
    leaving,
    live,
    loss_reasons,
    meetings,
    missed,
    moving,
    new_deal,
    one_exchange,
    overrides,
    people,
    pipelines,
    plan,
    price_list,
    request_forms,
    requests,
    settings,
    stages,
    tasks,
    teams,
    today,
    trust,
    views,
    webhooks,
    work_types,
)
from api.web.render import Look
from api.web.visit import look_for
from api.web.why import page as why

NOUNS = (
    entrance,
    today,
    live,
    calls,
    why,
    missed,
    companies,
    contacts,
    board,
    views,
    bulk,
    deal_list,
    new_deal,
    moving,
    overrides,
    deal_card,
    deal_company,
    deal_deeds,
    deal_parts,
    deal_forms,
    meetings,
    fields,
    work_types,
    price_list,
    tasks,
    people,
    teams,
    access,
    leaving,
    settings,
    pipelines,
    stages,
    loss_reasons,
    exchange,
    one_exchange,
    trust,
    dialling,
    dial_settings,
    webhooks,
    lead_rules,
    request_forms,
    requests,
    automations,
    late,
    plan,
    leaks,
    doctor,
    duplicates,
    imports,
    exports,
    history,
)

# What a fragment replaces, as the browser names it: `div#dial`.
TARGET = re.compile(r"#([\w-]{1,60})$", re.ASCII)


def error_page(request: Request, status: int, say: str) -> Response:
    """A page, or for a fragment a line that takes its place. What went wrong inside is not told."""
    reader = look_for(request)
    title, text = worded(reader, status, say)
    target = TARGET.search(request.headers.get("hx-target", ""))
    facts = {"title": title, "text": text, "now": request.app.state.context.now(), "target": target and target[1]}
    template = "errors/_fragment.html" if request.headers.get("hx-request") else "errors/page.html"
    return HTMLResponse(reader.render(template, **facts), status)


def worded(reader: Look, status: int, say: str) -> tuple[str, str]:
    """Title and text of an error in the reader's language; a refusal that has no wording yet says itself."""
    gettext = reader.wording.texts.gettext
    known = {
        403: (gettext("Not for you"), gettext("Your role does not allow this. The administrator can change it.")),
        405: (gettext("Not here"), gettext("This address is opened by a button of its page only.")),
        404: (gettext("Not here"), gettext("There is no such page, or it belongs to a colleague.")),
        409: (gettext("Not done"), gettext("Somebody was faster, or a rule forbids it. Open the page again and look.")),
        422: (gettext("Not understood"), gettext("The form or the address cannot be read: %(why)s") % {"why": say}),
        500: (gettext("Something broke"), gettext("The mistake is ours and is in the log. Try again in a moment.")),
        503: (gettext("Not now"), gettext("The database or the disk does not answer. Try again in a moment.")),
    }  # fmt: skip
    return known.get(status, (gettext("This did not work"), say))
