"""延期: before the deadline and before 17:00, once, at most the original length, granted by who sent the work."""

from __future__ import annotations

import pytest

from tests.factories import MONDAY, at, handler_of, item, person, reload, signed
from yousu.base.errors import Refused
from yousu.dispatch.verbs import grant_extension, refuse_extension
from yousu.handling.verbs import ask_extension, reply, sign, sub_dispatch
from yousu.tickets.models import Extension

pytestmark = pytest.mark.django_db
TOLD = {"told": "已电话告知市民延期原因。"}


def ask(assignment, now=MONDAY, days=1):
    return ask_extension(assignment, by=handler_of(assignment), now=now, days=days, reason="等待配件。")


def grant(assignment, now=MONDAY, by="paidan1"):
    return grant_extension(assignment, by=person(by), now=now, **TOLD).assignment


@pytest.mark.parametrize("now", ["2026-09-09 23:00", "2026-09-10 08:00", "2026-09-10 16:59:59", "2026-09-10 17:00:00"])
def test_an_extension_is_asked_for_until_five_o_clock_on_the_day_it_falls_due(now):
    assignment = signed(MONDAY, tier=3)  # due Thursday 10 September 18:00
    assert ask(assignment, at(now)).assignment.extension_pending


@pytest.mark.parametrize("now", ["2026-09-10 17:00:01", "2026-09-10 17:01", "2026-09-10 18:00", "2026-09-11 09:00"])
def test_after_five_o_clock_of_that_day_it_is_too_late(now):
    with pytest.raises(Refused, match=r"延期须在09月10日17:00前申请（到期日 17:00 截止）"):
        ask(signed(MONDAY, tier=3), at(now))


@pytest.mark.parametrize(("tier", "most"), [(1, 1), (3, 3), (7, 7), (11, 11)])
def test_an_extension_is_at_most_as_long_as_the_limit(tier, most):
    code = item(tier, lowest_level="district" if tier == 11 else "community")
    with pytest.raises(Refused, match=f"延期最长 {most} 个工作日"):
        ask(signed(MONDAY, item=code), days=most + 1)
    assert ask(signed(MONDAY, item=code), days=most).assignment.extension_pending


@pytest.mark.parametrize(("days", "sentence"), [(0, "不能小于 1"), (-3, "不能小于 1"), (366, "不能大于 365")])
def test_a_senseless_number_of_days_is_refused_in_words(days, sentence):
    with pytest.raises(Refused, match=sentence) as refused:
        ask(signed(), days=days)
    assert refused.value.field == "days"


def test_a_granted_extension_counts_from_the_old_deadline_and_over_the_holiday():
    # Due Wed 30 September (three workdays from Thu 24: Mon 28, Tue 29, Wed 30); three more: Oct 8, 9, Sat 10 (make-up).
    assignment = signed(at("2026-09-24 10:00"), tier=3)
    assert assignment.deadline == at("2026-09-30 18:00")
    ask(assignment, at("2026-09-30 16:59"), days=3)
    granted = grant(assignment, at("2026-09-30 20:00"))
    assert granted.deadline == reload(assignment.ticket).deadline == at("2026-10-10 18:00")
    assert (granted.extensions, granted.extension_pending) == (1, False)
    assert Extension.objects.get(ticket=assignment.ticket).new_deadline == at("2026-10-10 18:00")


def test_an_extension_into_a_year_without_a_calendar_makes_the_deadline_provisional():
    assignment = signed(at("2026-12-28 10:00"), tier=3)  # Tue 29, Wed 30, Thu 31
    assert not assignment.provisional
    ask(assignment, at("2026-12-30 10:00"), days=1)
    granted = grant(assignment, at("2026-12-30 10:00"))
    assert (granted.deadline, granted.provisional) == (at("2027-01-01 18:00"), True)


def test_an_assignment_is_extended_once():
    assignment = signed()
    ask(assignment)
    grant(assignment)
    with pytest.raises(Refused, match="每一派单最多延期 1 次"):
        ask(assignment)


def test_a_second_request_is_not_taken_while_one_is_pending():
    assignment = signed()
    ask(assignment)
    with pytest.raises(Refused, match="现在还不能申请延期"):
        ask(assignment)
    assert Extension.objects.filter(ticket=assignment.ticket).count() == 1


def test_a_refused_extension_leaves_the_deadline_and_needs_an_opinion():
    assignment = signed()
    ask(assignment)
    with pytest.raises(Refused, match="审核意见：必填"):
        refuse_extension(assignment, by=person("paidan1"), now=MONDAY, opinion="")
    refused = refuse_extension(assignment, by=person("paidan1"), now=MONDAY, opinion="可以按期办结。").assignment
    assert (refused.deadline, refused.extensions, refused.extension_pending) == (at("2026-09-16 18:00"), 0, False)


def test_nothing_is_granted_that_was_not_asked_for_or_without_telling_the_citizen():
    assignment = signed()
    with pytest.raises(Refused, match="现在还不能同意延期"):
        grant(assignment)
    ask(assignment)
    with pytest.raises(Refused, match="告知市民的情况：必填"):
        grant_extension(assignment, by=person("paidan1"), now=MONDAY, told=" ")
    with pytest.raises(Refused, match="权限"):
        grant(assignment, by="chengdong")


def test_a_sub_dispatch_never_runs_longer_than_its_parent():
    district = signed(MONDAY, lead="630104", tier=3)
    street = sub_dispatch(district, by=person("chengxi"), now=at("2026-09-09 10:00"), unit="630104006").assignment
    # Three workdays from Wednesday 9 would be Mon 14; the district itself is due Thu 10.
    assert street.deadline == district.deadline == at("2026-09-10 18:00")
    sign(street, by=person("wenhuilu"), now=at("2026-09-09 10:00"))
    ask(street, at("2026-09-09 11:00"))
    with pytest.raises(Refused, match="下派的期限不能晚于本单位的期限"):
        grant(street, at("2026-09-09 12:00"), by="chengxi")
    ask(district, at("2026-09-09 13:00"))
    grant(district, at("2026-09-09 13:00"))  # now due Fri 11
    assert grant(street, at("2026-09-09 14:00"), by="chengxi").deadline == at("2026-09-11 18:00")


def test_a_reply_ends_a_pending_request():
    assignment = signed()
    ask(assignment)
    done = reply(assignment, by=handler_of(assignment), now=MONDAY, text="已处理。").assignment
    assert not done.extension_pending
    with pytest.raises(Refused, match="不能同意延期"):
        grant(assignment)
