"""MikoPBX. Its Asterisk has a systemname, so ids are `mikopbx-EPOCH.N`.

Phones are `201`, and `201-WS` in the browser; lines to the outside have names of their own making. Local channels into
`internal-users` and `internal-incoming`, hangup handlers and a recording begun on answer need no words of their own
(`tests/captures/*_dialplans`, the scenes `miko_…`).
"""

from pbx.dialects.asterisk import AsteriskDialect
from pbx.dialects.habits import Habits


class MikoPbxDialect(AsteriskDialect):
    """Names of recordings: `mikopbx-EPOCH.N_aB3dEf.wav`, which it makes an MP3 of after the call, in a folder for each hour."""

    name = "mikopbx"
    habits = Habits(
        title="MikoPBX",
        recordings_root="/storage/usbdisk1/mikopbx/astspool/monitor",
        recording_folders=("%Y/%m/%d/%H", "%Y/%m/%d"),
        # A provider that registers with the exchange would else look like a phone that does.
        trunks=("PJSIP/SIP-TRUNK-*", "PJSIP/SIP-[0-9]*", "IAX2/IAX-TRUNK-*", "IAX2/IAX-[0-9]*"),
        dial_context="all_peers",
    )


DIALECT = MikoPbxDialect()
