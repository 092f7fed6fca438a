"""A request as it comes over HTTP: JSON, or an ordinary form's fields. Nothing in it is trusted, its size least of all."""

from typing import Annotated, Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect

from crm_core.requests.words import LONGEST, LONGEST_KEY, LONGEST_UTM, UTM

LARGEST = 64 * 1024  # bytes
MOST_FIELDS = 60
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

Line = Annotated[str | None, Field(max_length=LONGEST_UTM)]


class RequestIn(BaseModel):
    """`phone` or `email` must be one that can be answered; what the product does not know is left out.

    `form`: the public key of a web form. `website` is a field that people do not see, `seconds` how long the form was open: by
    them robots are known. `consent`: the words that were agreed to. `utm_source` and so on may stand in `utm` or beside it.
    """

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    form: str | None = Field(None, max_length=40)
    key: str | None = Field(None, max_length=LONGEST_KEY)
    name: str | None = Field(None, max_length=LONGEST["name"])
    phone: str | None = Field(None, max_length=LONGEST["phone"])
    email: str | None = Field(None, max_length=LONGEST["email"])
    text: str | None = Field(None, max_length=LONGEST["text"])
    source: str | None = Field(None, max_length=LONGEST["source"])
    utm: dict[str, Line] | None = Field(None, max_length=20)
    utm_source: Line = None
    utm_medium: Line = None
    utm_campaign: Line = None
    utm_content: Line = None
    utm_term: Line = None
    consent: str | None = Field(None, max_length=LONGEST["consent"])
    page: str | None = Field(None, max_length=LONGEST["page"])
    website: str | None = Field(None, max_length=2000)
    seconds: str | None = Field(None, max_length=40)

    @property
    def campaign(self) -> dict[str, str | None]:
        given = {name: getattr(self, f"utm_{name}") for name in UTM}
        return {**given, **{name: value for name, value in (self.utm or {}).items() if value}}

    @property
    def open_for(self) -> float | None:
        """Seconds; a page that tells nonsense tells nothing."""
        try:
            return float(self.seconds or "")
        except ValueError:
            return None


def is_form_post(request: Request) -> bool:
    """Whether a browser sends a form, and shows its visitor the answer."""
    return _kind(request) in FORMS and "text/html" in request.headers.get("accept", "")


async def request_sent(request: Request) -> RequestIn:
    """Raises 413 for one that is too large, 415 for one of another kind, RequestValidationError naming the fields."""
    kind = _kind(request)
    told = request.headers.get("content-length", "0")
    if not (told.isascii() and told.isdecimal()) or int(told[:12]) > LARGEST:
        raise HTTPException(413, f"A request has at most {LARGEST} bytes")
    try:
        body = await request.body()
    except ClientDisconnect as error:
        raise HTTPException(400, "The request ended before its body did") from error
    if len(body) > LARGEST:
        raise HTTPException(413, f"A request has at most {LARGEST} bytes")
    try:
        if kind == "application/json":
            return RequestIn.model_validate_json(body)
        if kind in FORMS:
            return RequestIn.model_validate(await _fields(request))
    except ValidationError as error:
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]) from error
    raise HTTPException(415, "Send application/json, or a form")


async def _fields(request: Request) -> dict[str, Any]:
    """The first of each name; files are none of our business. A field left empty was not filled in."""
    try:
        form = await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=LARGEST)
    except (MultiPartException, HTTPException) as error:
        raise HTTPException(422, "The form cannot be read: it has too many fields, files, or is broken") from error
    found: dict[str, Any] = {}
    for name, value in form.multi_items():
        if isinstance(value, str) and value.strip():
            found.setdefault(name, value)
    return {name: value for name, value in found.items() if name != "utm"}


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


DESCRIBED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": RequestIn.model_json_schema()} for kind in ("application/json", *FORMS)},
    }
}
"""For the description of the interface: the route reads its body by itself."""
