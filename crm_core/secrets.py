"""Secrets of exchanges are kept enciphered under the installation's key, so a copied database tells none."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from crm_core.errors import SettingsError

SEALED_ELSEWHERE = (
    "The exchange's secret was stored under another FIRSTRING_SECRET_KEY: put the old key back, "
    "or give the secret again with `firstring exchange add NAME … --replace`."
)


class SecretBox:
    def __init__(self, key: str) -> None:
        self._cipher = Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"firstring exchange secrets" + key.encode()).digest()))

    def seal(self, secret: str) -> str:
        return self._cipher.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """The secret again; raises SettingsError if it was sealed under another key."""
        try:
            return self._cipher.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SettingsError(SEALED_ELSEWHERE) from error

    def opens(self, sealed: str) -> bool:
        try:
            self.open(sealed)
        except SettingsError:
            return False
        return True
