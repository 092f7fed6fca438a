"""What lead rules make of a call: where its deal begins, whose it is, and what is to be done. Pure.

What is known at the first ring decides at once. A rule that asks for the queue, or whether a person answered, takes effect when
the call has told it; then only on a lead that this call opened and that nobody has worked on: its task to classify is open.
"""

from datetime import datetime

from crm_core.calls.events import Call
from crm_core.calls.ledger import CallDraft, ContactDraft, DealDraft, LeadMove, Ledger, TaskDraft, Told, Weighed, weighed
from crm_core.calls.telling import moment_of
from crm_core.events import EventKind
from crm_core.leads.rule_set import RuleSet
from crm_core.leads.rules import LeadFacts, LeadRule, Way, takes_over
from crm_core.receivers import keepers
from crm_core.tasks.tables import TaskKind


def rule_of(ledger: Ledger, draft: CallDraft) -> LeadRule | None:
    """The first rule that fits what the call has told so far."""
    if ledger.leads is None:
        return None
    return ledger.leads.first_fitting(_facts(ledger, ledger.leads, draft))


def give_lead(ledger: Ledger, rule: LeadRule, deal: DealDraft, contact: ContactDraft) -> None:
    """A deal that begins now is whose the rule says; a customer's own manager keeps him, unless the rule says otherwise."""
    deal.rule_id = rule.id
    if ledger.leads is None or (deal.owner_id is not None and not rule.then.over_keeper):
        return
    deal.owner_id = ledger.leads.owner_by(rule) or deal.owner_id
    if contact.owner_id is None and deal.owner_id is not None:
        contact.owner_id, contact.owner_active, contact.gets_owner = deal.owner_id, True, True


def shape(ledger: Ledger, rule: LeadRule | None, task: TaskDraft) -> None:
    """Title and deadline of a task that is set anyway, where the rule words one of its kind."""
    wanted = None if rule is None else rule.then.task
    if ledger.leads is not None and wanted is not None and wanted.kind is task.kind:
        task.title, task.due_at = wanted.title, ledger.leads.due(wanted, task.created_at)


def sets_beside(rule: LeadRule | None) -> TaskKind | None:
    """The kind of the rule's task, if calls set none of that kind anyway."""
    wanted = None if rule is None else rule.then.task
    return None if wanted is None or wanted.kind in (TaskKind.CLASSIFY, TaskKind.CALL_BACK) else wanted.kind


def reconsider(ledger: Ledger, draft: CallDraft, at: datetime) -> LeadRule | None:
    """Ask the rules again where the call has told more; tells the one that takes effect by it."""
    told = told_to_rules(draft.call)
    before, draft.weighed = draft.weighed, told
    deal = draft.deal
    if ledger.leads is None or told == before or deal is None or not _untouched(draft, deal):
        return None
    facts = _facts(ledger, ledger.leads, draft)
    rule = ledger.leads.first_fitting(facts)
    if rule is None or not takes_over(ledger.leads.rules, deal.rule_id, rule, facts):
        return None
    _put(ledger, draft, deal, rule, at)
    _regive(ledger, ledger.leads, draft, deal, rule, at)
    deal.rule_id, deal.ruled = rule.id, True
    if deal.opened_by is not None and rule.then.task is not None and rule.then.task.kind is TaskKind.CLASSIFY:
        shape(ledger, rule, deal.opened_by)
        deal.opened_by.changed = True
    return rule


def _facts(ledger: Ledger, leads: RuleSet, draft: CallDraft) -> LeadFacts:
    call = draft.call
    queue, answered = told_to_rules(call)
    return LeadFacts(
        Way.CALL, known=_was_known(draft), in_hours=leads.calendar.works_at(moment_of(call.started_at, ledger.now) or ledger.now),
        exchange_id=ledger.exchange_id, did=call.did, queue=queue, by_queue=_by_queue(queue, answered), answered=answered,
    )  # fmt: skip


def _was_known(draft: CallDraft) -> bool:
    """Before this call: a contact that the call itself made came at the moment of its deal."""
    contact, deal = draft.contact, draft.deal
    if contact is None or contact.id is None:
        return False if contact is None or deal is None else not _opened_by(draft, deal)
    made_with_it = deal is not None and _opened_by(draft, deal) and contact.created_at == deal.created_at
    return not made_with_it


def _opened_by(draft: CallDraft, deal: DealDraft) -> bool:
    return deal.opened_by is not None and deal.opened_by.call is draft


def _untouched(draft: CallDraft, deal: DealDraft) -> bool:
    return deal.open and _opened_by(draft, deal) and deal.opened_by is not None and deal.opened_by.done_at is None


def told_to_rules(call: Call) -> Weighed:
    return weighed(call.queue, call.answered_at is not None, call.ended_at is not None)


def _by_queue(queue: str | None, answered: bool | None) -> bool | None:
    """That a call came through no queue is sure when somebody has it, or it is over."""
    if queue is not None:
        return True
    return None if answered is None else False


def _put(ledger: Ledger, draft: CallDraft, deal: DealDraft, rule: LeadRule, at: datetime) -> None:
    """To where the rule's leads begin. The call keeps the stage of its own moment."""
    to = rule.beginning
    if to is None or to.stage_id == deal.stage_id:
        return
    deal.moves.append(LeadMove(deal.stage_id, to, at, rule.name))
    facts: dict[str, object] = {"from": deal.stage_id, "to": to.stage_id, "lead_rule": rule.id}
    deal.pipeline_id, deal.stage_id = to.pipeline_id, to.stage_id
    ledger.told.append(
        Told(EventKind.DEAL_MOVED, at, keepers(deal.owner_id), call=draft, contact=deal.contact, deal=deal, facts=facts)
    )


def _regive(ledger: Ledger, leads: RuleSet, draft: CallDraft, deal: DealDraft, rule: LeadRule, at: datetime) -> None:
    """To whom the rule says, if it is nobody's yet or whose an earlier rule said."""
    before = leads.rule(deal.rule_id)
    by_rule = before is not None and deal.owner_id in before.takers and not _was_known(draft)
    if not rule.takers or not (deal.owner_id is None or by_rule or rule.then.over_keeper):
        return
    old, deal.owner_id = deal.owner_id, leads.owner_by(rule)
    for task in _its_tasks(ledger, deal, old):
        task.owner_id, task.changed = deal.owner_id, True
    contact = draft.contact
    if contact is not None and contact.owner_id == old:
        contact.given_from, contact.owner_id, contact.owner_active = (old,), deal.owner_id, True
    facts: dict[str, object] = {"owner_id": deal.owner_id}
    told = Told(EventKind.DEAL_CHANGED, at, keepers(old, deal.owner_id), call=draft, contact=contact, deal=deal, facts=facts)
    ledger.told.append(told)


def _its_tasks(ledger: Ledger, deal: DealDraft, owner: int | None) -> list[TaskDraft]:
    """The deal's open tasks that its owner has; nobody's are looked for no more."""
    ledger.unowned.pop(deal, None)
    everything = [*ledger.known_tasks, *ledger.tasks]
    return [task for task in everything if task.deal is deal and task.done_at is None and task.owner_id == owner]
