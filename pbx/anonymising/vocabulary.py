"""Words of the trade that say nothing of anybody: they stay as they are when a capture is made anonymous."""

_CHANNELS = """
PJSIP SIP IAX2 DAHDI Local CBAnn CBRec Announcer Recorder Message Bridge Surrogate UnicastRTP MulticastRTP AudioSocket Motif SCCP
Dongle AsyncGoto
"""

_APPLICATIONS = """
answer appdial appdial2 appqueue background bridge busy chanspy confbridge congestion dial dictate directory execif followme
gosub gosubif goto gotoif hangup ivrdemo macro meetme mixmonitor monitor musiconhold noop originate page park parkedcall
pickup playback playtones progress queue read return ringing saynumber sayunixtime senddtmf set stasis stopmixmonitor
transfer voicemail voicemailmain wait waitexten waitforsilence agi asyncagi asyncgoto outgoing line
"""
_CALLING = """
appdial appdial2 appqueue confbridge dial followme gosub goto mixmonitor page park parkedcall pickup queue voicemail
"""
_CODES = """
answer answered busy cancel chanunavail congestion noanswer invalidargs ringing progress down rsrvd offhook dialing ring up
dialing unknown ok ready asterisk basic holding parking simple native rtp softmix stasis base dahdi none anonymous
restricted withheld private unavailable blocked number no номер скрыт скрытый success fail failure error response
transferer transferee target multi first digital app threeway bridge link yes true false all call channel calls agent user
channels will follow status complete start listitems chan app end enter exit
blindtransfer attendedtransfer pickup hangup linkedid local optimize begin application originated redirect
ping pong authentication accepted
"""
_PLACES = """
trunk trunks from to internal external pstn ext exten local outbound inbound in out int queue queues ivr menu sub group groups
default parkedcalls agents agent members member rec recording record monitor spool var lib opt data tmp mnt srv home wav wav49
gsm mp3 ogg ulaw alaw sln rx tx mix custom macro dialplan sip pjsip iax2 device devices users phones conf conference
"""

ARGUMENTS_KEPT = frozenset(_CALLING.split())
"""Applications whose arguments say where a call goes; those of others (a PIN to ask for, a digit string to send) are left out."""
TECHNOLOGIES = frozenset(_CHANNELS.split())
"""Of channels, as they begin their names."""
SAFE = frozenset([*_APPLICATIONS.split(), *_CODES.split(), *_PLACES.split(), *(one.lower() for one in TECHNOLOGIES)])
"""In lower case. A word counts as safe in any case of letters."""
