"""Somebody answers at the address, and it is a manager; with TLS, or where none is needed."""

from collections.abc import Iterator

from api.doctor.findings import Finding, Said, fault, fine, note, paste, say, unknown
from api.doctor.seen import ExchangeSeen
from pbx.ami import troubles

TITLE = say("Connection")
ORDER = 10
FAULTS = ("unreachable", "certificate_untrusted", "no_tls", "not_encrypted")


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    reader, address = seen.reader, seen.address
    if reader.trouble in (troubles.UNTRUSTED, troubles.OTHER_NAME, troubles.NO_CA_FILE, troubles.NO_TLS):
        code = "no_tls" if reader.trouble == troubles.NO_TLS else "certificate_untrusted"
        yield fault(code, Said(reader.trouble), see=f"openssl s_client -connect {address.host}:{address.port}")
        return
    if not reader.reached:
        enabled = paste("manager.conf", "[general]", "enabled = yes", f"port = {address.port}")
        see = 'asterisk -rx "manager show settings"'
        yield fault("unreachable", Said(reader.trouble or troubles.NOBODY_ANSWERS), enabled, see=see)
        return
    yield fine("reached", say("The manager answers at %(host)s:%(port)s.", host=address.host, port=address.port))
    yield _encryption(seen)


def _encryption(seen: ExchangeSeen) -> Finding:
    if seen.address.tls and seen.reader.let_in:
        return fine("encrypted", say("The connection is encrypted, and the certificate is trusted."))
    if seen.address.tls:
        return unknown("encryption_unknown", say("Whether the connection is encrypted is not known before the login."))
    if seen.address.is_here:
        return fine("same_machine", say("The exchange is on this machine: nothing crosses a network."))
    tls = paste(
        "manager.conf",
        "[general](+)",
        "tlsenable = yes",
        "tlsbindaddr = 0.0.0.0:5039",
        "tlscertfile = /etc/asterisk/keys/ami.pem",
    )
    return note(
        "not_encrypted", say("Numbers and names of callers cross the network in the clear. Use TLS, a tunnel or a VPN."), tls
    )
