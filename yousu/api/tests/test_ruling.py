from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from yousu.api.tests.client import Caller
from yousu.city import directory
from yousu.city.catalogue import COLUMNS, as_rows, current_version
from yousu.city.models import CalendarDay, RuleSet, Staff

pytestmark = pytest.mark.django_db


def sheet(rows: list[list[str]]) -> SimpleUploadedFile:
    import csv
    import io

    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return SimpleUploadedFile("目录.csv", text.getvalue().encode("utf-8"))


def send(caller: Caller, path: str, rows: list[list[str]], **more: str):
    return caller._read(caller.client.post(f"/api/v1{path}", {"file": sheet(rows), **more}, **caller.auth))


def test_the_system_administrator_previews_and_publishes_a_catalogue():
    admin, version = Caller("sysadmin"), current_version()
    rows = [list(COLUMNS), *as_rows(version)]
    name = list(COLUMNS).index("name")
    rows[1][name] = "改了名字的事项"
    gone = rows.pop()
    status, found = send(admin, "/catalogue/previews", rows)
    assert status == 200, found
    assert (len(found["changed"]), len(found["retired"]), found["added"], found["bad"]) == (1, 1, [], [])
    assert found["changed"][0]["fields"][0]["new"] == "改了名字的事项"
    assert found["retired"][0]["code"] == gone[0]
    assert current_version().number == version.number
    status, made = send(admin, "/catalogue/versions", rows, note="试发布")
    assert (status, made["number"], made["items"]) == (201, version.number + 1, 718)


def test_a_bad_row_forbids_publishing_and_names_its_line():
    rows = [list(COLUMNS), *as_rows(current_version())]
    rows[3][0] = ""
    status, said = send(Caller("sysadmin"), "/catalogue/versions", rows)
    assert status == 422
    assert "第 4 行" in said["error"]["message"]


@pytest.mark.parametrize("path", ["/catalogue/previews", "/catalogue/versions", "/workdays", "/rules", "/staff"])
def test_nobody_else_administers(path):
    for who in ("huawu1", "paidan1", "auditadmin", "lingdao1"):
        status, said = Caller(who).post(path, {})
        assert (status, said["error"]["code"]) == (403, "forbidden")


def test_the_administrators_are_kept_apart():
    assert Caller("secadmin").post("/rules", {})[0] == 403
    assert Caller("sysadmin").post("/staff", {})[0] == 403


def test_a_day_of_the_calendar_is_edited():
    status, _ = Caller("sysadmin").post("/workdays", {"date": "2027-01-04", "is_workday": False, "name": "试"})
    assert status == 201
    assert CalendarDay.objects.get(date="2027-01-04").is_workday is False
    assert 2027 in directory.current().calendar.years
    status, said = Caller("sysadmin").post("/workdays", {"date": "2027-13-04", "is_workday": True})
    assert (status, said["error"]["field"]) == (422, "date")


def test_a_rule_set_is_a_new_version_that_never_reaches_back():
    admin, tomorrow = Caller("sysadmin"), timezone.now() + timedelta(days=1)
    body = {"returns": {"within_workdays": 2, "max_per_ticket": 1}}
    status, made = admin.post("/rules", {"name": "二版", "effective_from": tomorrow.isoformat(), "body": body})
    assert (status, made["version"]) == (201, 2)
    city = directory.current()
    assert city.rules_at(timezone.now()).returns.max_per_ticket == 2
    assert city.rules_at(tomorrow + timedelta(minutes=1)).returns.max_per_ticket == 1
    past = (timezone.now() - timedelta(days=1)).isoformat()
    status, said = admin.post("/rules", {"name": "旧", "effective_from": past, "body": {}})
    assert (status, said["error"]["field"]) == (422, "effective_from")
    wrong = {"evaluation": {"solved_weight": "0.9"}}
    status, said = admin.post("/rules", {"name": "错", "effective_from": tomorrow.isoformat(), "body": wrong})
    assert status == 422
    assert "三项权重之和须为 1" in said["error"]["message"]
    status, said = admin.post("/rules", {"name": "错", "effective_from": tomorrow.isoformat(), "body": {"tires": 1}})
    assert "没有这一项" in said["error"]["message"]
    for stopping in ({"sign": {"ordinary_workdays": 0}}, {"tiers": []}, {"callback": {"slots": []}}):
        assert admin.post("/rules", {"name": "错", "effective_from": tomorrow.isoformat(), "body": stopping})[0] == 422
    assert RuleSet.objects.count() == 2


def test_working_hours_of_a_coming_rule_set_do_not_count_before_it_is_in_force():
    tomorrow = timezone.now() + timedelta(days=1)
    body = {"hours": {"spans": [{"start": "09:00", "end": "17:00"}]}}
    assert (
        Caller("sysadmin").post("/rules", {"name": "新", "effective_from": tomorrow.isoformat(), "body": body})[0]
        == 201
    )
    city = directory.current()
    assert city.calendar.closes == time(18)
    assert not city.outlived(tomorrow - timedelta(seconds=1))
    assert city.outlived(tomorrow)


def test_the_security_administrator_adds_people():
    admin = Caller("secadmin")
    person = {"username": "xinren", "name": "新人", "password": "Xin-ren-2026", "unit": "630102", "roles": ["handler"]}
    status, made = admin.post("/staff", person)
    assert (status, made["username"]) == (201, "xinren")
    assert Staff.objects.get(username="xinren").has_role("handler")
    status, said = admin.post("/staff", {**person, "username": "both", "roles": ["handler", "system_admin"]})
    assert status == 422
    assert "三类管理员" in said["error"]["message"]
    assert not Staff.objects.filter(username="both").exists()
