"""Templates can do no harm: everything is escaped, no script or handler stands in the page."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.web.render import WEB, look
from api.web.translations import LANGUAGES

TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|\son[a-z]+\s*=|javascript:|\bhx-on\b|\bhx-vals\s*=\s*['\"]js:", re.IGNORECASE)
FOREIGN = re.compile(r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//""")
ICON = re.compile(r"""(?:ui\.icon|icon_of)\(([^)]*)\)""")


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_nothing_is_left_unescaped_or_inline(file: Path) -> None:
    text = file.read_text()

    assert "|safe" not in text.replace(" ", "")
    assert "autoescape" not in text
    assert not INLINE.search(text)
    assert not FOREIGN.search(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_can_be_read(language: str) -> None:
    environment = look(language, ZoneInfo("Europe/Moscow")).environment

    assert environment.autoescape is True
    for file in TEMPLATES:
        environment.get_template(str(file.relative_to(WEB / "templates")))


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    listed = set(re.findall(r'"([a-z0-9-]+)"', (WEB / "assets/icons.mjs").read_text()))
    code = "\n".join(file.read_text() for file in [*TEMPLATES, WEB / "menu.py"])
    other = {
        "miss",
        "live",
        "wait",
        "inbound",
        "outbound",
        "filled",
        "chev",
        "up",
        "down",
        "refused",
        "current",
        "passed",
        "held",
        "cancelled",
    }
    named = {name for call in ICON.findall(code) for name in re.findall(r'"([a-z0-9-]{2,})"', call)} - other

    assert named
    assert named <= listed


def test_every_form_that_changes_something_is_a_post() -> None:
    """A GET must change nothing: prefetching browsers and other sites' pictures send them."""
    forms = [form for file in TEMPLATES for form in re.findall(r"<form[^>]*>", file.read_text())]
    posts = ('method="post"', "ui.to_deal(", "{{ way }}")  # the latter two put it there
    gets = [form for form in forms if not any(post in form for post in posts)]

    assert all("role=" in form for form in gets), gets
