"""The hotline centre: registers, decides at once or dispatches, judges what units ask for, calls together, shelves."""

from __future__ import annotations

from datetime import datetime, timedelta

from yousu.city.models import CatalogueItem, Unit
from yousu.city.roles import Role, Urgency
from yousu.city.workdays import SHANGHAI
from yousu.dispatch.rules import needs_force
from yousu.dispatch.verbs import (
    accept_return,
    call_consultation,
    clear,
    conclude_consultation,
    dispatch,
    dispatch_parallel,
    force_assign,
    grant_extension,
    recall,
    refuse_extension,
    reject_return,
    shelve,
)
from yousu.intake.verbs import answer, link_repeat, merge, refuse, register, reopen, transfer, withdraw
from yousu.simulation.stage import Life
from yousu.simulation.texts import answers, phrases, say, say_fitting
from yousu.simulation.world import SELF_SERVICE, Request
from yousu.tickets.models import Assignment
from yousu.tickets.states import AssignmentState, TicketState

EMERGENCY = {"119": ("烟", "火"), "120": ("救护", "胸口", "倒地"), "122": ("车祸",)}
GROUND_WORDS = {
    "litigation": ("诉讼", "复议", "仲裁"),
    "petition": ("信访",),
    "concluded": ("同一诉求",),
    "secret": ("秘密", "个人信息"),
    "unlawful": ("违反",),
}


def take_in(life: Life, _: int) -> None:
    """A request comes in, by an operator or through self-service."""
    request, rng, people = life.request, life.rng, life.stage.people
    by = None if request.channel in SELF_SERVICE else people.one(Role.OPERATOR, rng)
    item = life.stage.world.items[request.topic.key]
    inputs = {
        "content": request.content,
        "title": request.title,
        "type": request.type,
        "channel": request.channel,
        "urgency": request.topic.urgency,
        "caller_name": request.person.name,
        "caller_sex": request.person.sex,
        "caller_phone": request.person.phone,
        "is_secret": request.is_secret,
        "area": request.place.area,
        "address": request.place.address,
        "lon": request.place.lon,
        "lat": request.place.lat,
        "item": item.code if item and life.chance(0.5) else "",
        "labels": list(request.topic.keywords[:2]) if life.chance(0.6) else [],
        "reply_wanted": request.reply_wanted,
        "source": "desk" if by else request.channel,
    }
    life.stage.act(life, register, by, None, inputs)


def decide(life: Life, _: int) -> None:
    """After registration: what the operator does with it within minutes."""
    stage, ticket = life.stage, life.the.ticket
    stage.summary.tickets += 1
    stage.living[ticket.pk] = life
    life.request.number, life.request.life = ticket.number, life
    soon = life.now + timedelta(seconds=life.rng.randint(60, 420))
    answerable = ticket.type in stage.rules.answerable_types
    desk = life.request.topic.desk
    if desk == "transfer":
        life.later(soon, _transfer)
    elif desk == "refuse":
        life.later(soon, _refuse)
    elif answerable and (desk == "answer" or life.chance(0.75)):
        life.later(soon, _answer)
    elif life.request.earlier is not None:
        life.later(soon, _recognise)
    elif life.chance(0.012):
        life.later(soon, _refuse)
    else:
        to_dispatch(life, 0)


def _transfer(life: Life, _: int) -> None:
    known = {body.key for body in life.stage.rules.transfer_bodies}
    content = life.request.content
    body = next((key for key, words in EMERGENCY.items() if any(word in content for word in words)), "110")
    body = body if body in known else sorted(known)[0]
    notes = [note for note in phrases()["transfer_notes"] if body in note or not any(c.isdigit() for c in note)]
    life.as_centre(transfer, Role.OPERATOR, body=body, note=life.rng.choice(notes), three_way=life.chance(0.2))


def _refuse(life: Life, _: int) -> None:
    told = say(life.rng, "refuse_grounds")
    known = [ground.key for ground in life.stage.rules.refusal_grounds]
    ground = next((key for key, words in GROUND_WORDS.items() if any(word in told for word in words)), "outside")
    life.as_centre(refuse, Role.OPERATOR, ground=ground if ground in known else known[0], told=told)


def _answer(life: Life, _: int) -> None:
    texts = answers().get(life.request.topic.key) or phrases()["answers_generic"]
    life.as_centre(answer, Role.OPERATOR, text=life.rng.choice(texts))


def _recognise(life: Life, _: int) -> None:
    """The caller has called before: merged while the matter is open, linked when it had been closed."""
    earlier: Request | None = life.request.earlier
    assert earlier is not None
    older = earlier.life
    if not earlier.number:
        to_dispatch(life, 0)
    elif older is not None and not older.over and older.state != TicketState.CLOSED and life.chance(0.6):
        if life.as_centre(merge, Role.OPERATOR, of=earlier.number, reason="与在办工单为同一诉求"):
            life.request.number, life.request.life = earlier.number, older
    else:
        life.as_centre(link_repeat, Role.OPERATOR, of=earlier.number, reason="同一事项再次反映")


# -- dispatch -------------------------------------------------------------------------------------------------------


def to_dispatch(life: Life, _: int) -> None:
    """It waits for a dispatcher: minutes when urgent, otherwise until somebody works."""
    if life.state != TicketState.REGISTERED:
        return
    urgent = life.the.ticket.urgency != Urgency.ORDINARY
    at = life.now + timedelta(seconds=life.rng.randint(120, 1200)) if urgent else life.at_the_centre(5, 90)
    life.later(at, _dispatch)


def _dispatch(life: Life, _: int) -> None:
    ticket, stage = life.the.ticket, life.stage
    if life.state != TicketState.REGISTERED:
        return
    item = _item(life)
    if item is None:
        return
    life.right = right = stage.leader(item, life.request.place.area, None)
    if right is None:
        _refuse(life, 0)
    elif needs_force(ticket, stage.rules.returns.max_per_ticket) and life.chance(0.5):
        life.as_centre(
            force_assign, Role.DISPATCHER, lead=right.code, item=item.code, reason=_force_reason(life, right)
        )
    elif needs_force(ticket, stage.rules.returns.max_per_ticket) or life.chance(0.006):
        _consult(life, right)
    elif not life.chance(0.035) or not _in_parallel(life, item):
        _to_lead(life, item, right)


def _item(life: Life) -> CatalogueItem | None:
    """The item that was chosen, otherwise the one that the dispatcher will choose."""
    city, chosen = life.stage.city, life.the.ticket.item_id
    return city.items_by_id.get(chosen or 0) or life.stage.world.items[life.request.topic.key]


def _to_lead(life: Life, item: CatalogueItem, right: Unit) -> None:
    """Mostly to the right unit; now and then to a wrong one, which will return it."""
    mistaken = life.stage.others(item, right) if life.chance(0.035) else []
    lead = life.rng.choice(mistaken) if mistaken else right
    trade = life.stage.trade(item)
    assists = [trade.code] if trade and trade.pk != lead.pk and not mistaken and life.chance(0.07) else []
    advice = say(life.rng, "dispatch_advice", unit=lead.short_name, item=item.name)
    life.as_centre(dispatch, Role.DISPATCHER, lead=lead.code, item=item.code, assists=assists, advice=advice)


def _in_parallel(life: Life, item: CatalogueItem) -> bool:
    """属地 and 行业 at once, where both may take it."""
    territory, trade = life.stage.territory(item, life.request.place.area), life.stage.trade(item)
    if territory is None or trade is None or territory.pk == trade.pk:
        return False
    advice = say(life.rng, "dispatch_advice", unit=territory.short_name, item=item.name)
    codes = {"territory": territory.code, "trade": trade.code, "item": item.code}
    return life.as_centre(dispatch_parallel, Role.DISPATCHER, **codes, advice=advice)


def _force_reason(life: Life, right: Unit) -> str:
    return f"多次退单，按首接负责原则指定{right.short_name}承办，不得再退。"


def look_after(life: Life, ordinal: int) -> None:
    """What may happen to a dispatched ticket besides the work on it. Foreseen once."""
    lead = life.the.assignment(ordinal)
    if is_wrong(life, lead) and life.chance(0.15):
        life.later(life.now + timedelta(minutes=life.rng.randint(4, 25)), _recall)
    if life.looked_after:
        return
    life.looked_after = True
    if life.chance(0.012):
        life.later(life.between(life.now, lead.deadline, life.rng.uniform(0.05, 1)), _withdraw)
    if life.chance((1 - life.request.topic.solvable) * 0.07):
        life.later(life.between(life.now, lead.deadline, life.rng.uniform(0.4, 0.9)), _shelve)


def is_wrong(life: Life, assignment: Assignment) -> bool:
    """Whether it went to a body that has nothing to do with it."""
    unit, right = life.stage.city.units[assignment.unit_id], life.right
    if right is None or assignment.forced or assignment.role != "lead":
        return False
    return not unit.is_within(right) and not right.is_within(unit)


def _recall(life: Life, _: int) -> None:
    untouched = all(a.state == AssignmentState.DISPATCHED for a in life.the.in_course())
    if life.state == TicketState.HANDLING and untouched:
        life.as_centre(recall, Role.DISPATCHER, reason="派单有误，收回后重新派单")


def _withdraw(life: Life, _: int) -> None:
    if life.state in {TicketState.REGISTERED, TicketState.CONSULTING, TicketState.HANDLING}:
        reason = say_fitting(life.rng, life.request.topic, "withdraw_reasons", "withdraw_generic")
        life.as_centre(withdraw, Role.OPERATOR, reason=reason)


# -- judging what units ask for ---------------------------------------------------------------------------------------


def hear_return(life: Life, ordinal: int) -> None:
    life.later(life.working(60, 600), _judge_return, ordinal)


def _judge_return(life: Life, ordinal: int) -> None:
    asked = life.the.assignment(ordinal)
    if asked.state != AssignmentState.RETURNING or asked.ended_at or life.state != TicketState.HANDLING:
        return
    wrong = is_wrong(life, asked)
    if not life.chance(0.92 if wrong else 0.2):
        life.as_sender(reject_return, asked, opinion=say(life.rng, "return_rejections"))
        return
    redirect = life.right.code if life.right and wrong and _may_redirect(life) and life.chance(0.6) else ""
    life.as_sender(accept_return, asked, redirect_to=redirect, opinion="情况属实，同意退单。")


def _may_redirect(life: Life) -> bool:
    assert life.right is not None
    most = life.stage.rules.returns.max_per_ticket
    taken = any(a.unit_id == life.right.pk for a in life.the.in_course())
    return life.the.ticket.return_count + 1 < most and not taken


def hear_extension(life: Life, ordinal: int) -> None:
    life.later(life.working(60, 600), _judge_extension, ordinal)


def _judge_extension(life: Life, ordinal: int) -> None:
    asked = life.the.assignment(ordinal)
    open_states = {AssignmentState.DISPATCHED, AssignmentState.SIGNED}
    if not asked.extension_pending or asked.state not in open_states or asked.ended_at:
        return
    if life.chance(0.75):
        life.as_sender(grant_extension, asked, told="已电话告知市民延期原因和新的办理期限，市民表示理解。")
    else:
        life.as_sender(refuse_extension, asked, opinion=say(life.rng, "extension_refusals"))


# -- consultation, shelving, reopening --------------------------------------------------------------------------------


def _consult(life: Life, right: Unit) -> None:
    item = _item(life)
    trade = life.stage.trade(item) if item else None
    invited = list(dict.fromkeys(unit.code for unit in (right, trade) if unit is not None))
    question = f"{life.request.topic.name}：责任单位不明确，请共同商定主办单位和办理措施。"
    life.as_centre(call_consultation, Role.DISPATCHER, question=question, invited=invited)


def consult(life: Life, _: int) -> None:
    """A matter that failed again and again is talked over."""
    if life.right is not None:
        _consult(life, life.right)


def hear_consultation(life: Life, _: int) -> None:
    life.later(life.working(200, 900), _conclude)


def _conclude(life: Life, _: int) -> None:
    item = _item(life)
    if life.state != TicketState.CONSULTING or life.right is None or item is None:
        return
    minutes = say(life.rng, "consult_minutes", unit=life.right.short_name)
    life.as_centre(conclude_consultation, Role.DISPATCHER, minutes=minutes, lead=life.right.code, item=item.code)


def _shelve(life: Life, _: int) -> None:
    """挂账 while units work on it: nothing that still waits for a judgement is shelved."""
    waiting = any(a.state == AssignmentState.RETURNING or a.extension_pending for a in life.the.in_course())
    if life.state == TicketState.HANDLING and not waiting:
        shelve_now(life)


def shelve_now(life: Life) -> None:
    promised = life.now.astimezone(SHANGHAI).date() + timedelta(days=life.rng.randint(20, 90))
    reason = "客观条件暂不具备，短期内不能彻底解决。"
    measures = say(life.rng, "shelve_measures")
    life.as_centre(shelve, Role.DISPATCHER, reason=reason, measures=measures, promised_on=promised)


def hear_shelving(life: Life, _: int) -> None:
    """The promise is mostly kept some days before its date, sometimes after it."""
    promised = life.the.ticket.promised_on
    assert promised is not None
    at = datetime(promised.year, promised.month, promised.day, 9, tzinfo=SHANGHAI)
    life.later(life.office.next_open(at - timedelta(days=life.rng.randint(-3, 12))), _clear)


def _clear(life: Life, _: int) -> None:
    if life.state == TicketState.SHELVED:
        life.solved = True
        life.as_centre(clear, Role.DISPATCHER, result=say(life.rng, "clear_notes"))


def hear_closure(life: Life, _: int) -> None:
    """Closed: rarely it comes back, more often when it was not really solved."""
    if life.state == TicketState.CLOSED and not life.reopening and life.chance(0.004 if life.solved else 0.08):
        life.reopening = True
        life.later(life.now + timedelta(days=life.rng.randint(2, 40), minutes=life.rng.randint(0, 300)), _reopen)


def _reopen(life: Life, _: int) -> None:
    life.reopening = False
    life.as_centre(reopen, Role.OPERATOR, reason=say(life.rng, "reopen_reasons"))
