"""Findings in words, for the terminal; the page words them with the same texts."""

from collections.abc import Iterator, Mapping

from api.doctor import registry
from api.doctor.checkup import counted
from api.doctor.findings import Finding, Fragment, Said, Verdict, say
from api.web.translations import Texts

VERDICTS = {
    Verdict.FAULT: say("FAULT"), Verdict.NOTE: say("note"), Verdict.UNKNOWN: say("unknown"), Verdict.FINE: say("fine"),
}  # fmt: skip
INSTALLATION = say("The installation")
EXCHANGE = say("Exchange %(name)s")
PASTE, SEE = say("Paste into %(file)s:"), say("To see it: %(how)s")
SUM = say("Faults: %(faults)s, notes: %(notes)s, not to be seen from here: %(unknown)s, fine: %(fine)s.")
WIDTH = 9


def worded(texts: Texts, said: Said) -> str:
    """`why` is often one of our own sentences (`pbx.ami.troubles`, `pbx.records.troubles`)."""
    facts = {name: texts.gettext(fact) if name == "why" and fact else fact for name, fact in said.facts.items()}
    return texts.gettext(said.text) % facts


def report(texts: Texts, title: Said, findings: list[Finding]) -> Iterator[str]:
    """Lines for a terminal."""
    titles = registry.titles()
    yield worded(texts, title)
    for finding in findings:
        mark = worded(texts, VERDICTS[finding.verdict]).ljust(WIDTH)
        yield f"  {mark} {worded(texts, titles[finding.check])}: {worded(texts, finding.say)}"
        yield from ("            " + line for line in _what_to_do(texts, finding))
    yield ""


def summed(texts: Texts, findings: list[Finding]) -> str:
    number = counted(findings)
    facts: Mapping[str, str] = {
        "faults": str(number[Verdict.FAULT]), "notes": str(number[Verdict.NOTE]),
        "unknown": str(number[Verdict.UNKNOWN]), "fine": str(number[Verdict.FINE]),
    }  # fmt: skip
    return worded(texts, Said(SUM.text, facts))


def pasted(fragment: Fragment) -> str:
    return "\n".join(fragment.lines)


def _what_to_do(texts: Texts, finding: Finding) -> Iterator[str]:
    for fragment in finding.paste:
        yield worded(texts, Said(PASTE.text, {"file": fragment.file}))
        yield from ("    " + line for line in fragment.lines)
    if finding.see:
        yield worded(texts, Said(SEE.text, {"how": finding.see}))
