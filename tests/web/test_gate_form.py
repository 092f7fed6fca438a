"""What a refused move asks for is read back: only what was offered can be chosen, also where nothing was."""

import pytest
from starlette.datastructures import FormData

from api.web.gate_form import GateForm, Part, read_form
from crm_core.errors import Invalid


@pytest.mark.parametrize("kind", ["row", "choice", "choices"])
@pytest.mark.parametrize("sent", ["7", "x", "9" * 5000, "-1", "\u0667"])
@pytest.mark.parametrize("choices", [(), (("1", "One"),)])
def test_only_what_was_offered_is_taken(kind: str, sent: str, choices: tuple[tuple[str, str], ...]) -> None:
    form = GateForm((Part("meeting.contact_id", "With whom", kind, choices=choices),))

    with pytest.raises(Invalid):
        read_form(None, form, FormData([("meeting.contact_id", sent)]))  # type: ignore[arg-type] - a choice asks nothing of it


def test_what_was_offered_is_taken() -> None:
    form = GateForm((Part("meeting.contact_id", "With whom", "row", choices=(("1", "One"),)),))

    assert read_form(None, form, FormData([("meeting.contact_id", "1")])) == {"meeting.contact_id": 1}  # type: ignore[arg-type]
