"""The configuration of the tests' exchange: the shipped files as they are, and what an office adds of its own."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.asterisk.sipp import Address

SHIPPED = Path(__file__).parents[2] / "deploy/asterisk"
TRUNK_HOST = "127.0.0.2"  # Linux answers for all of 127/8, so each telephone has an address of its own
DIRECT, GROUP, QUEUE, UNKNOWN = "74951112245", "74951112246", "74951112233", "74951119999"

SITE_PJSIP = """
[firstring-udp]
type = transport
protocol = udp
bind = {sip}
[firstring-media](!)
media_address = {sip.host}
bind_rtp_to_media_address = yes
[trunk]
type = aor
contact = sip:{trunk}
[trunk]
type = identify
endpoint = trunk
match = {trunk.host}
"""
SITE_NUMBERS = f"""
[firstring-numbers]
exten => {DIRECT},1,Gosub(firstring-ring,s,1(PJSIP/101,101))
 same => n,Hangup()
exten => {GROUP},1,Gosub(firstring-ring,s,1(PJSIP/101&PJSIP/102))
 same => n,Hangup()
exten => {QUEUE},1,Gosub(firstring-queue,s,1(sales,100))
 same => n,Hangup()
"""
ASTERISK_CONF = """
[directories]
astcachedir => {home}/lib
astetcdir => {home}/etc
astdbdir => {home}/lib
astkeydir => {home}/lib
astspooldir => {home}/spool
astrundir => {home}/run
astlogdir => {home}/log
astmoddir => {modules}
astvarlibdir => /var/lib/asterisk
astdatadir => /usr/share/asterisk
astagidir => /usr/share/asterisk/agi-bin
"""


@dataclass(frozen=True, slots=True)
class Office:
    """One configured exchange: `root` its whole system, `inside` its own folder there, as Asterisk itself calls it."""

    root: Path
    inside: str
    ami_port: int
    sip: Address
    trunk: Address

    @property
    def home(self) -> Path:
        """The exchange's folder as we see it."""
        return self.root / self.inside.lstrip("/")

    def write(self, extra: Mapping[str, str]) -> None:
        """What an admin does: the shipped files over Debian's own, `make-secrets`, then the office's addresses."""
        etc = self.home / "etc"
        for folder in ("lib", "run", "spool/monitor", "log/cel-custom", "log/cdr-custom", "sipp"):
            (self.home / folder).mkdir(parents=True)
        shutil.copytree(self.root / "etc/asterisk", etc)
        shutil.copytree(SHIPPED, etc, dirs_exist_ok=True)
        self._write_own(etc)
        subprocess.run([str(etc / "make-secrets"), str(etc)], check=True, capture_output=True, timeout=30)
        for name, text in extra.items():
            with (etc / name).open("a") as file:
                file.write(text)

    def secret(self, user: str) -> str:
        """The manager secret that make-secrets made for `reader` or `dialler`."""
        return self._made(f"{user}_secret.conf").partition("=")[2].strip()

    def password(self, extension: str) -> str:
        """The password by which a phone proves who it is; KeyError if there is no such phone."""
        secrets = self._made("phone_secrets.conf")
        found = re.search(rf"^username = {re.escape(extension)}\npassword = (\w+)$", secrets, re.MULTILINE)
        if found is None:
            raise KeyError(f"no phone {extension} in phone_secrets.conf")
        return found.group(1)

    def _made(self, file: str) -> str:
        return (self.home / "etc/firstring.d" / file).read_text()

    def _write_own(self, etc: Path) -> None:
        modules = next(self.root.glob("usr/lib/**/asterisk/modules"))
        conf = ASTERISK_CONF.format(home=self.inside, modules=f"/{modules.relative_to(self.root)}")
        (etc / "asterisk.conf").write_text(conf)
        own = etc / "firstring.d"
        (own / "site_pjsip.conf").write_text(SITE_PJSIP.format(sip=self.sip, trunk=self.trunk))
        (own / "site_numbers.conf").write_text(SITE_NUMBERS)
        (own / "site_manager.conf").write_text(f"port = {self.ami_port}\n")
