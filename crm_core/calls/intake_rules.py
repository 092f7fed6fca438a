"""What each telling of a call makes of the business: contact, deal, tasks, events. Pure: no clock, no SQL.

The rules are those of F13 (a lead for every new caller), F4 and F5 (the stage is frozen with the call).
Each rule asks the call's row whether it was carried out before, so a telling may be repeated without harm.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from crm_core.calls import lead_rulings
from crm_core.calls.call_words import tell_call
from crm_core.calls.events import Call, CallEvent, Direction, Outcome
from crm_core.calls.ledger import CallDraft, ContactDraft, DealDraft, Ledger, NumberDraft, TaskDraft, Told
from crm_core.calls.telling import moment_of
from crm_core.events import EventKind
from crm_core.leads.rules import LeadRule
from crm_core.receivers import keepers
from crm_core.tasks.tables import TaskKind

SHORT = re.compile(r"[0-9]{1,6}|[*#].*")  # extensions, emergency numbers, feature codes


def decide(ledger: Ledger, happened: Sequence[CallEvent]) -> None:
    """Note in the ledger all that follows from these events, in their order."""
    for event in happened:
        draft = draft_of(ledger, event.call)
        if draft is None or not draft.take_word(event.call):
            continue
        at = moment_of(event.at, ledger.now) or ledger.now
        _note_people(ledger, draft, event.call)
        if draft.deal is None:
            _link(ledger, draft)
            _open_lead(ledger, draft, at)
        if ledger.leads is not None and draft.deal is not None:
            _reconsider(ledger, draft, at)
        if event.call.answered_at is not None:
            _settle_owner(ledger, draft, at)
            _close_call_back(ledger, draft, at)
        tell_call(ledger, draft, event, at)
        if event.call.ended_at is not None:
            _leave_call_back(ledger, draft, at)


def draft_of(ledger: Ledger, call: Call) -> CallDraft | None:
    """The row of a call; None for a telling from before the call was joined to another: that one's row speaks now."""
    known = ledger.by_linkedid.get(call.key)
    if known is not None and known.key not in call.linkedids:
        return None
    rows = [row for linkedid in call.linkedids if (row := ledger.by_linkedid.get(linkedid)) and row.key in call.linkedids]
    draft = rows[0] if rows else CallDraft(call.key)
    draft.key = call.key  # an older linkedid may be learned late, and is the key then
    for linkedid in call.linkedids:
        ledger.by_linkedid[linkedid] = draft
    if len(rows) > 1:
        draft.absorbed += [row for row in dict.fromkeys(rows[1:]) if row is not draft and row not in draft.absorbed]
    return draft


def _note_people(ledger: Ledger, draft: CallDraft, call: Call) -> None:
    """Who is in it; and that the DID is ours, once the call came as far as somebody or something of ours."""
    new = {
        party.extension for parties in (call.rang, call.answered_by) for party in parties if party.extension not in draft.people
    }
    new.update(number for number in (call.caller, call.callee) if number is not None and number not in draft.people)
    if new:
        ledger.note_people(draft, new, moment_of(call.started_at, ledger.now) or ledger.now)
    if call.direction is not Direction.INBOUND:
        draft.user_id = draft.user_id or draft.people.get(call.caller or "")
    elif not ledger.own_numbers and call.did is not None and reached_us(call):
        ledger.reached_dids.add(call.did)


def customer_of(ledger: Ledger, draft: CallDraft) -> str | None:
    """The number outside; None for internal calls, withheld numbers, and numbers of our own house."""
    number = draft.call.customer
    if number is None or number in ledger.house_numbers or draft.people.get(number) is not None:
        return None
    return None if not ledger.own_numbers and number in ledger.reached_dids else number


def reached_us(call: Call) -> bool:
    """Whether the call came as far as a phone, a queue or a menu: then its DID is one of ours."""
    return bool(call.rang or call.queue or call.answered_by) or call.outcome not in (None, Outcome.FAILED)


def did_is_ours(ledger: Ledger, call: Call) -> bool:
    if call.did is None:
        return reached_us(call)
    return call.did in (ledger.own_numbers or ledger.reached_dids)


def _link(ledger: Ledger, draft: CallDraft) -> None:
    """A known number: its contact and his open deal, with the stage of this moment (F4, F5)."""
    number = customer_of(ledger, draft) if draft.contact is None else None
    known = ledger.numbers.get(number) if number is not None and not SHORT.fullmatch(number) else None
    if known is None or known.contact is None:
        return
    draft.contact = known.contact
    deal = ledger.open_deals.get(known.contact)
    if deal is not None and not known.not_customer:
        draft.deal, draft.stage_id = deal, deal.stage_id


def _open_lead(ledger: Ledger, draft: CallDraft, at: datetime) -> None:
    """A new number: a contact; when it rang us, a deal in the first stage and a task to classify it, too (F13)."""
    number = None if draft.was_ended or draft.deal is not None else customer_of(ledger, draft)
    if number is None or SHORT.fullmatch(number):
        return
    known = ledger.numbers.get(number)
    if known is not None and known.not_customer:
        return
    inbound = draft.call.direction is Direction.INBOUND
    if inbound and not did_is_ours(ledger, draft.call):
        return
    met_before = draft.contact is not None
    if not met_before:
        draft.contact = _new_contact(ledger, draft, number, at)
    if inbound and (ledger.rules.known_caller_opens_deal or not met_before):
        _new_deal(ledger, draft, at)


def _new_contact(ledger: Ledger, draft: CallDraft, number: str, at: datetime) -> ContactDraft:
    """Whoever dials a number for the first time has the contact; one who rings us has no owner until he is answered."""
    contact = ContactDraft(owner_id=draft.user_id, created_at=at)
    raw = draft.call.caller_raw if draft.call.direction is Direction.INBOUND else draft.call.callee_raw
    known = ledger.numbers.setdefault(number, NumberDraft(number, raw or number, is_new=True))
    known.contact, known.gets_contact = contact, True
    ledger.new_contacts.append(contact)
    ledger.told.append(Told(EventKind.CONTACT_CHANGED, at, keepers(contact.owner_id), contact=contact))
    return contact


def _new_deal(ledger: Ledger, draft: CallDraft, at: datetime) -> None:
    """It begins where a lead rule says, or where all do."""
    rule = lead_rulings.rule_of(ledger, draft)
    contact, first = draft.contact, (rule and rule.beginning) or ledger.first_stage
    if contact is None or first is None:
        return
    deal = DealDraft(contact, first.pipeline_id, first.stage_id, owner_id=contact.keeper, created_at=at)
    if rule is not None:
        lead_rulings.give_lead(ledger, rule, deal, contact)
    draft.weighed = lead_rulings.told_to_rules(draft.call)
    draft.deal, draft.stage_id = deal, first.stage_id
    ledger.open_deals[contact] = deal
    ledger.new_deals.append((deal, draft))
    facts: dict[str, object] = {} if rule is None else {"lead_rule": rule.id}
    ledger.told.append(
        Told(EventKind.DEAL_OPENED, at, keepers(deal.owner_id), call=draft, contact=contact, deal=deal, facts=facts)
    )
    deal.opened_by = _new_task(ledger, draft, TaskKind.CLASSIFY, at, rule)
    _set_beside(ledger, draft, at, rule)


def _reconsider(ledger: Ledger, draft: CallDraft, at: datetime) -> None:
    """The call has told more: a lead rule that waited for it may take effect."""
    _set_beside(ledger, draft, at, lead_rulings.reconsider(ledger, draft, at))


def _set_beside(ledger: Ledger, draft: CallDraft, at: datetime, rule: LeadRule | None) -> None:
    kind = lead_rulings.sets_beside(rule)
    if kind is not None:
        _new_task(ledger, draft, kind, at, rule)


def _new_task(ledger: Ledger, draft: CallDraft, kind: TaskKind, at: datetime, rule: LeadRule | None = None) -> TaskDraft:
    within = ledger.rules.classify_within if kind is TaskKind.CLASSIFY else ledger.rules.call_back_within
    deal, contact = draft.deal, draft.contact
    owner = deal.owner_id if deal is not None else contact.keeper if contact is not None else None
    task = TaskDraft(kind, at + within, at, draft.call.customer, draft, contact, deal, owner)
    lead_rulings.shape(ledger, rule, task)
    ledger.tasks.append(task)
    if deal is not None and owner is None:
        ledger.unowned.setdefault(deal, []).append(task)
    ledger.told.append(Told(EventKind.TASK_OPENED, at, keepers(owner), call=draft, contact=contact, deal=deal, task=task))
    return task


def _settle_owner(ledger: Ledger, draft: CallDraft, at: datetime) -> None:
    """What is nobody's belongs to whoever answers first, or was first to reach the customer."""
    user = _spoke_first(draft)
    inbound = draft.call.direction is Direction.INBOUND
    settled = draft.user_id is not None if inbound else draft.was_answered
    if user is None or settled:
        return
    draft.user_id = user if inbound else draft.user_id or user
    if draft.deal is not None and draft.deal.owner_id is None and draft.deal.open:
        _give_deal(ledger, draft, draft.deal, user, at)


def _give_deal(ledger: Ledger, draft: CallDraft, deal: DealDraft, user: int, at: datetime) -> None:
    deal.owner_id, deal.gets_owner = user, True
    for task in ledger.unowned.pop(deal, ()):
        task.owner_id, task.changed = user, True
    contact = draft.contact
    if contact is not None and contact.owner_id is None:
        contact.owner_id, contact.owner_active, contact.gets_owner = user, True, True
    # Everybody saw it as nobody's, so everybody is told.
    ledger.told.append(
        Told(EventKind.DEAL_CHANGED, at, None, call=draft, contact=contact, deal=deal, user_id=user, facts={"owner_id": user})
    )


def _spoke_first(draft: CallDraft) -> int | None:
    if draft.call.direction is Direction.INTERNAL:
        return None
    talked = (draft.people.get(talk.extension) for talk in draft.call.answered_by)
    return next((user for user in talked if user is not None), None)


def _close_call_back(ledger: Ledger, draft: CallDraft, at: datetime) -> None:
    """The customer is reached, whoever rang whom: nobody has to call him back any more."""
    number, answered_at = draft.call.customer, moment_of(draft.call.answered_at, ledger.now)
    if draft.was_answered or answered_at is None:
        return
    draft.was_answered = True
    if number is None:
        return
    ledger.reached[number] = draft, answered_at
    task = ledger.call_backs.get(number)
    # A batch tells call after call: one that was missed in it may have been missed later than this one was answered.
    if task is not None and (task.id is not None or task.created_at <= answered_at):
        _finish(ledger, task, draft, answered_at, at)


def _finish(ledger: Ledger, task: TaskDraft, by_call: CallDraft, done_at: datetime, at: datetime) -> None:
    if task.number is not None:
        ledger.call_backs.pop(task.number, None)
    done_by = _spoke_first(by_call) if by_call.touched else by_call.user_id
    # A call told late (a gap was filled) may have been answered before it counted as missed and the task was made.
    task.done_at, task.done_by, task.done_by_call, task.changed = max(done_at, task.created_at), done_by, by_call, True
    ledger.told.append(
        Told(EventKind.TASK_DONE, at, keepers(task.owner_id), call=by_call, contact=by_call.contact, deal=task.deal, task=task,
             user_id=task.done_by)
    )  # fmt: skip


def _leave_call_back(ledger: Ledger, draft: CallDraft, at: datetime) -> None:
    """No person answered a customer who shows his number: one task to call him back, however often he rang."""
    call = draft.call
    told_before = draft.was_unanswered
    draft.note_end(call)
    number = customer_of(ledger, draft)
    if told_before or not draft.was_unanswered or call.direction is not Direction.INBOUND or number is None:
        return
    known = ledger.numbers.get(number)
    if (known is not None and known.not_customer) or number in ledger.call_backs or not did_is_ours(ledger, call):
        return
    task = ledger.call_backs[number] = _new_task(ledger, draft, TaskKind.CALL_BACK, at, lead_rulings.rule_of(ledger, draft))
    reached_by, reached_at = ledger.reached.get(number, (draft, None))
    if reached_at is not None and reached_at > at:
        _finish(ledger, task, reached_by, reached_at, reached_at)
