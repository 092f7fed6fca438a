"""A receiver of Firstring's webhooks: takes what is signed and fresh, drops what it knows. Python's standard library alone.

    SECRET=whsec_… python3 webhook_receiver.py 8899

Put a TLS proxy in front of it, or let Firstring reach it by plain HTTP inside the house (FIRSTRING_WEBHOOKS_ALLOW).
"""

import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FRESH = 300  # seconds between our clock and the signature's: older ones may be somebody's copy
LARGEST = 1_000_000  # bytes


def is_ours(secret: str, header: str, body: bytes, now: float) -> bool:
    """Whether the body was signed with the secret, not long ago."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    stamp = parts.get("t", "")
    if not stamp.isdecimal() or abs(now - int(stamp)) > FRESH:
        return False
    expected = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), parts.get("v1", "").encode())


class Receiver(BaseHTTPRequestHandler):
    secret = ""
    known: set[str] = set()  # keep these in your database, together with what you do  # noqa: RUF012

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, LARGEST))
        if not is_ours(self.secret, self.headers.get("Firstring-Signature", ""), body, time.time()):
            self.send_error(401)
            return
        told = json.loads(body)
        delivery = told["event"]["delivery"]
        if delivery not in self.known:
            self.take(told)
            self.known.add(delivery)
        self.send_response(204)
        self.end_headers()

    def take(self, told: dict[str, Any]) -> None:
        """What you do with it; be quick, or put it down and do it later: Firstring waits ten seconds."""
        sys.stderr.write(f"{told['event']['kind']} {told.get('linkedids')} {told.get('outcome')}\n")


if __name__ == "__main__":
    Receiver.secret = os.environ["SECRET"]
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
