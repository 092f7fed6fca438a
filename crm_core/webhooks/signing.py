"""How a receiver knows that a body is ours and fresh. Pure; a receiver's side is in docs/webhooks.md."""

import hashlib
import hmac


def signature(secret: str, body: bytes, at: int) -> str:
    """The header `Firstring-Signature`: `t=` epoch seconds, `v1=` HMAC-SHA256 of `t`, a dot and the body, in hex."""
    told = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={told}"
