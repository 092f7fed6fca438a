"""Asks a real exchange in mid-call all that `pbx.ami.snapshots` asks, and keeps the bytes: tests/pbx/answers.

The user has class system, as some admins give it: so PJSIPShowEndpoints and ParkedCalls answer, too. Nothing that is asked
tells a password.
"""

from pathlib import Path

from pbx.ami.snapshots import BRIDGES, CHANNELS, CHANNELS_IN_SHORT, LINES, STARTED, WAITING
from tests.asterisk.ami_tap import AmiTap
from tests.asterisk.exchange import RealExchange
from tests.asterisk.test_attached_in_mid_call import OFFICE, busy

FOLDER = Path(__file__).parents[1] / "pbx/answers"
QUESTIONS = (STARTED, *LINES, BRIDGES, CHANNELS, *WAITING, CHANNELS_IN_SHORT)
BEELINE = """
[beeline](firstring-media)
type = endpoint
context = from-trunk
aors = beeline
outbound_auth = beeline
disallow = all
allow = alaw
[beeline]
type = aor
contact = sip:127.0.0.77:5060
[beeline]
type = auth
auth_type = userpass
username = office
password = no-secret-of-anybody
"""
MORE = {
    **OFFICE,
    "pjsip.conf": OFFICE["pjsip.conf"] + BEELINE,
    "manager.d/firstring.conf": "\n[asks]\nsecret = asks\nread = call,agent\nwrite = system,call,reporting\n",
    "sip.conf": "\n[general]\nbindport=15999\nbindaddr=127.0.0.1\n[boris]\ntype=friend\nhost=dynamic\n"
    "[mtt]\ntype=peer\nhost=127.0.0.9\n",
    "iax.conf": "\n[clara]\ntype=friend\nhost=dynamic\n[branch]\ntype=peer\nhost=127.0.0.10\n",
}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for suite, name in (("sid", "asterisk22"), ("bullseye", "asterisk16")):
        with RealExchange(suite=suite, extra=MORE) as exchange:
            exchange.cli("module load chan_iax2.so")
            with busy(exchange), AmiTap(exchange.host, exchange.port, "asks", "asks") as tap:
                tap.wait_for(lambda message: message.get("Response") == "Success")
                for question in QUESTIONS:
                    tap.ask({"Action": question})
                tap.settle()
                (FOLDER / f"{name}.ami").write_bytes(bytes(tap.heard))
        print(name, flush=True)


if __name__ == "__main__":
    main()
