"""`/api/docs`: the description of the interface as a page of our own; it loads nothing from elsewhere and runs no script."""

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
h2 { margin: 2rem 0 .5rem; text-transform: capitalize }
section { border-top: 1px solid color-mix(in srgb, currentColor 18%, transparent); padding: .6rem 0 }
code { font: 13px ui-monospace, monospace } b { font-weight: 650 } td { padding: .1rem 1rem .1rem 0; vertical-align: top }
summary { cursor: pointer }
"""


@router.get("/api/docs")
async def docs(request: Request) -> HTMLResponse:
    """Every route with what it takes and gives, from the same description as `/api/openapi.json`."""
    described = request.app.openapi()
    body = "".join(_noun(noun, routes, described) for noun, routes in sorted(_by_noun(described).items()))
    return HTMLResponse(
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Firstring API</title><style>{STYLE}</style><h1>Firstring API</h1>"
        "<p>Log in, or send <code>Authorization: Bearer TOKEN</code> (<code>firstring token create EMAIL</code>). "
        "Errors are problem details (RFC 9457). Lists answer <code>{items, next_cursor}</code>. "
        f"Machine-readable: <a href='/api/openapi.json'>openapi.json</a></p>{body}</html>"
    )


Routes = list[tuple[str, str, dict[str, Any]]]


def _by_noun(described: dict[str, Any]) -> dict[str, Routes]:
    nouns: dict[str, Routes] = {}
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            nouns.setdefault(route.get("tags", ["other"])[0], []).append((method.upper(), path, route))
    return nouns


def _noun(noun: str, routes: Routes, described: dict[str, Any]) -> str:
    return f"<h2>{escape(noun)}</h2>" + "".join(_route(*route, described) for route in routes)


def _route(method: str, path: str, route: dict[str, Any], described: dict[str, Any]) -> str:
    takes = "".join(_parameter(one) for one in route.get("parameters", ()))
    sends = route.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    gives = route["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    shapes = "".join(_shape(title, schema, described) for title, schema in (("Sends", sends), ("Answers", gives)))
    return (
        f"<section><b><code>{method} {escape(path)}</code></b><br>{escape(route.get('description', route.get('summary', '')))}"
        f"<table>{takes}</table>{shapes}</section>"
    )


def _parameter(one: dict[str, Any]) -> str:
    lawful = one.get("schema", {}).get("enum", ())
    words = one.get("description", "") + (f" one of: {', '.join(map(str, lawful))}" if lawful else "")
    return f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(one['in'])}</td><td>{escape(words)}</td></tr>"


def _shape(title: str, schema: dict[str, Any], described: dict[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    fields = described.get("components", {}).get("schemas", {}).get(name, {}).get("properties", {})
    if not fields:
        return ""
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code></td><td>{escape(_type(kind))}</td></tr>" for field, kind in fields.items()
    )
    return f"<details><summary>{title} {escape(name)}</summary><table>{rows}</table></details>"


def _type(kind: dict[str, Any]) -> str:
    if "anyOf" in kind:
        return " or ".join(_type(one) for one in kind["anyOf"])
    if kind.get("type") == "array":
        return f"list of {_type(kind.get('items', {}))}"
    return kind.get("format") or kind.get("type") or kind.get("$ref", "").rpartition("/")[2] or "anything"
