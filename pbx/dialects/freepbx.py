"""FreePBX, on PJSIP (Asterisk 16 to 22) and on chan_sip (to 20).

Its macros (to 14) and Gosubs, `Local/FMPR-104@from-internal`, `Local/101@from-queue/n` and ring groups need no words of their
own: who was rung and joined is told by dials and bridges, never by names of contexts (`tests/captures/*_dialplans`,
`asterisk16_chansip`). A ring group is several phones rung at once; only a queue is a queue.
"""

from pbx.dialects.asterisk import AsteriskDialect
from pbx.dialects.habits import Habits


class FreePbxDialect(AsteriskDialect):
    """Names of recordings: `KIND-TO-FROM-20261122-095037-UNIQUEID.wav`, of kind in, out, internal, external, exten, q, rg."""

    name = "freepbx"
    habits = Habits(
        title="FreePBX",
        recordings_root="/var/spool/asterisk/monitor",
        recording_folders=("%Y/%m/%d",),
        # Calls of nobody we know come in as these, with `Allow Anonymous Inbound SIP Calls`.
        trunks=("PJSIP/anonymous-*",),
        dial_context="from-internal",
    )


DIALECT = FreePbxDialect()
