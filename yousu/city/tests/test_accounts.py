"""Accounts (等保三级): lock-out at its edge, passwords, three administrators kept apart, tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import MONDAY, at, person
from tests.world import DEMO_PASSWORD
from yousu.base.errors import Refused
from yousu.base.sealed import sm3
from yousu.city.accounts import (
    give_roles,
    issue_token,
    new_account,
    set_active,
    set_password,
    sign_in,
    staff_for_token,
)
from yousu.city.models import LoginAttempt, Staff, Unit

pytestmark = pytest.mark.django_db
GOOD = "Huangshui-2026"


def enter(password: str, now=MONDAY, username: str = "huawu1") -> Staff:
    return sign_in(None, username, password, "10.0.0.1", now)


def fail(times: int, now=MONDAY) -> None:
    for _ in range(times):
        with pytest.raises(Refused, match="账号或密码不正确"):
            enter("wrong", now)


def centre() -> Unit:
    return Unit.objects.get(kind="center")


# -- lock-out ----------------------------------------------------------------------------------------------------------


def test_four_failures_do_not_lock_and_a_success_forgets_them():
    fail(4)
    assert enter(DEMO_PASSWORD).username == "huawu1"
    fail(4)
    assert enter(DEMO_PASSWORD).username == "huawu1"


def test_the_fifth_failure_locks_for_thirty_minutes_to_the_second():
    fail(5, at("2026-09-07 09:00"))
    with pytest.raises(Refused, match="已锁定，请 30 分钟后再试"):
        enter(DEMO_PASSWORD, at("2026-09-07 09:00:30"))
    with pytest.raises(Refused, match="已锁定，请 1 分钟后再试"):
        enter(DEMO_PASSWORD, at("2026-09-07 09:29:59"))
    assert enter(DEMO_PASSWORD, at("2026-09-07 09:30:00")).username == "huawu1"


def test_every_attempt_is_logged():
    fail(5)
    with pytest.raises(Refused):
        enter(DEMO_PASSWORD)
    enter(DEMO_PASSWORD, MONDAY + timedelta(minutes=30))
    outcomes = list(LoginAttempt.objects.order_by("pk").values_list("outcome", flat=True))
    assert outcomes == ["failed"] * 5 + ["locked", "ok"]


def test_an_unknown_account_reads_like_a_wrong_password():
    with pytest.raises(Refused, match="账号或密码不正确"):
        enter("wrong", username="nobody")


def test_an_account_that_was_switched_off_cannot_sign_in_until_it_is_on_again():
    fail(5)
    set_active(person("huawu1"), False)
    with pytest.raises(Refused, match="账号或密码不正确"):
        enter(DEMO_PASSWORD)
    set_active(person("huawu1"), True)
    assert enter(DEMO_PASSWORD).username == "huawu1"


# -- passwords ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("Short-1", "10"),
        ("onlylowercase", "至少三类"),
        ("lower12345678", "至少三类"),
        ("Chengdong1", "太相似"),  # the account's own name
        ("Password123", "常见"),  # three kinds of characters, and everybody's
    ],
)
def test_a_weak_password_is_refused(password, said):
    with pytest.raises(Refused, match=said) as refused:
        set_password(person("chengdong"), password)
    assert refused.value.field == "password"


@pytest.mark.parametrize("password", [GOOD, "湟水河畔abc-2026", "lower-case-123"])
def test_three_kinds_of_characters_and_ten_of_them_will_do(password):
    set_password(person("huawu1"), password)
    assert enter(password).username == "huawu1"


def test_a_new_password_ends_a_lock():
    fail(5)
    set_password(person("huawu1"), GOOD)
    assert enter(GOOD).username == "huawu1"


# -- roles -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "roles",
    [
        ["system_admin", "security_admin"],
        ["security_admin", "audit_admin"],
        ["system_admin", "audit_admin"],
        ["audit_admin", "operator"],
    ],
)
def test_the_three_administrators_are_different_people_without_other_work(roles):
    with pytest.raises(Refused, match="须由不同的人担任"):
        new_account("guanli", "管理员", GOOD, roles, centre())
    assert not Staff.objects.filter(username="guanli").exists()


def test_an_administrator_cannot_be_given_a_second_office_later():
    staff = new_account("guanli", "管理员", GOOD, ["system_admin"], centre())
    with pytest.raises(Refused, match="须由不同的人担任"):
        give_roles(staff, ["dispatcher"], centre())


def test_business_roles_may_be_joined():
    staff = new_account("zhang.san", "张三", GOOD, ["operator", "dispatcher"], centre())
    assert staff.has_role("operator")
    assert staff.has_role("dispatcher")


def test_an_account_name_that_is_taken_or_malformed_is_refused():
    with pytest.raises(Refused, match="已存在"):
        new_account("huawu1", "另一人", GOOD, ["operator"], centre())
    with pytest.raises(Refused, match="账号须为"):
        new_account("张 三", "张三", GOOD, ["operator"], centre())
    with pytest.raises(Refused, match="没有这样的岗位：king"):
        new_account("zhangsan", "张三", GOOD, ["king"], centre())


# -- tokens ------------------------------------------------------------------------------------------------------------


def test_a_token_is_told_once_and_only_its_digest_is_kept():
    token, row = issue_token(person("huawu1"), "网格平台", MONDAY, days=90)
    assert token.startswith("ys_")
    assert len(token) == 43
    assert bytes(row.digest) == sm3(token.encode())
    assert row.expires_at == MONDAY + timedelta(days=90)


def test_a_token_opens_until_the_moment_it_expires():
    token, row = issue_token(person("huawu1"), "网格平台", MONDAY, days=1)
    assert staff_for_token(token, row.expires_at - timedelta(seconds=1)) == person("huawu1")
    assert staff_for_token(token, row.expires_at) is None


@pytest.mark.parametrize("broken", ["", "ys_", "ys_" + "x" * 40, "Bearer", "令牌\x00"])
def test_a_broken_token_is_nobodys(broken):
    assert staff_for_token(broken, MONDAY) is None


def test_a_token_ends_with_its_account_and_with_its_revocation():
    token, row = issue_token(person("huawu1"), "网格平台", MONDAY)
    set_active(person("huawu1"), False)
    assert staff_for_token(token, MONDAY) is None
    set_active(person("huawu1"), True)
    assert staff_for_token(token, MONDAY) is not None
    row.revoked_at = MONDAY
    row.save()
    assert staff_for_token(token, MONDAY) is None
