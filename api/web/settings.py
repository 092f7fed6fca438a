"""Everything that can be set, one line each."""

from fastapi import APIRouter
from starlette.responses import Response

from api.web.settings_sections import settings_groups
from api.web.visit import VisitNow
from crm_core.errors import Forbidden

router = APIRouter()


@router.get("/settings")
async def page(visit: VisitNow) -> Response:
    """Whoever may look at nothing of it has no settings."""
    groups = settings_groups(visit.actor, visit.look.wording.texts)
    if not groups:
        raise Forbidden
    return await visit.page("settings/page.html", "settings", groups=groups)
