"""What scopes, kinds of records and rights are called, and what each means, in the reader's language."""

from dataclasses import dataclass

from api.web.translations import Texts
from crm_core.access import Noun, Right, Scope, may_be_set
from crm_core.users.tables import Role


@dataclass(frozen=True, slots=True)
class Said:
    """A name, and a line that says what follows from it."""

    name: str
    line: str = ""


@dataclass(frozen=True, slots=True)
class AccessWords:
    """Given to templates as `words`."""

    texts: Texts

    def scope(self, scope: Scope) -> str:
        """In the one form that fits every kind of record: whose."""
        pgettext = self.texts.pgettext
        return {
            Scope.OWN: pgettext("scope", "own"), Scope.TEAM: pgettext("scope", "the team's"),
            Scope.EVERYBODY: pgettext("scope", "everybody's"),
        }[scope]  # fmt: skip

    def noun(self, noun: Noun) -> Said:
        gettext, pgettext = self.texts.gettext, self.texts.pgettext
        return {
            Noun.CALLS: Said(gettext("Calls"), gettext(
                "With what was recorded and said. Whose phone rings sees that call's card in any case."
            )),
            Noun.CONTACTS: Said(gettext("Contacts"), gettext("Whoever sees a deal sees the names and numbers of its people.")),
            Noun.COMPANIES: Said(gettext("Companies"), gettext("Through their contacts and deals, too.")),
            Noun.DEALS: Said(gettext("Deals"), gettext(
                "With their meetings, notes and requests. A colleague's deal that is not seen tells its stage where "
                "his customer calls, nothing else."
            )),
            Noun.TASKS: Said(gettext("Tasks")),
            Noun.FIGURES: Said(pgettext("access", "Figures"), gettext(
                "On the line, plans, reports and rankings. Own: nobody is held against a colleague."
            )),
        }[noun]  # fmt: skip

    def right(self, right: Right) -> Said:
        return {**self._work(), **self._lead(), **self._look()}[right]

    def _work(self) -> dict[Right, Said]:
        gettext = self.texts.gettext
        return {
            Right.WORK: Said(gettext("Work"), gettext(
                "Change the contacts, companies, deals and tasks one sees; call by a click."
            )),
            Right.OVERRIDE: Said(gettext("Set a gate aside"), gettext(
                "Move a deal though something is missing, with a reason that is counted."
            )),
            Right.REASSIGN: Said(gettext("Give to others"), gettext("Deals, contacts and tasks, in bulk as well, to anybody.")),
            Right.MERGE: Said(gettext("Merge duplicates"), gettext("Make one contact or company of two, and undo it.")),
            Right.IMPORT: Said(gettext("Import"), gettext("Read in contacts, companies and deals from a file.")),
            Right.EXPORT: Said(gettext("Export"), gettext("Take the lists one sees out as a file.")),
        }  # fmt: skip

    def _lead(self) -> dict[Right, Said]:
        gettext = self.texts.gettext
        return {
            Right.REVIEW: Said(gettext("Review calls"), gettext("Mark a call as reviewed and remark on it.")),
            Right.SEE_FIGURES: Said(gettext("On the line and figures"), gettext(
                "The page of what goes on now, and figures beside the lists; whose, is said above."
            )),
            Right.PLAN: Said(gettext("Set plans")),
            Right.SEE_PEOPLE: Said(gettext("People"), gettext("Who works here, at which phone and in which team.")),
        }  # fmt: skip

    def _look(self) -> dict[Right, Said]:
        gettext = self.texts.gettext
        return {
            Right.LISTEN: Said(gettext("Listen"), gettext(
                "Hear recordings, read what was said and its tags, of the calls one sees."
            )),
            Right.SEE_PERSONAL: Said(gettext("Personal fields"), gettext(
                "Read what is marked as personal on every card one sees. Each reading is noted. Whoever owns a record "
                "reads it anyway."
            )),
            Right.SEE_EXCHANGES: Said(gettext("Exchange"), gettext(
                "How the exchange does, and whether our calls agree with its records."
            )),
            Right.SETTINGS: Said(gettext("Settings"), gettext(
                "People, roles, exchanges, pipelines and everything else that is set."
            )),
        }  # fmt: skip

    def fixed(self, role: Role, right: Right) -> str:
        """Why nobody can give this right to the role or take it away; empty where one can."""
        gettext = self.texts.gettext
        if may_be_set(role, right):
            return ""
        if right is Right.LISTEN:
            return gettext("Granted to one administrator at a time, on the page of people.")
        if role is Role.ADMIN:
            return gettext("Always: else nobody could set anything any more.")
        return gettext("Administrators only.")
