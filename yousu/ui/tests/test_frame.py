"""Signing in, the frame around pages, and the end of a session."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template
from django.test import Client
from django.utils import timezone

from tests.factories import MONDAY, at, dispatched, person, registered
from tests.world import DEMO_PASSWORD
from yousu.city.models import LoginAttempt, Staff
from yousu.ui import words
from yousu.ui.templatetags import ui

pytestmark = pytest.mark.django_db
HERE = Path(__file__).parent.parent


def signed_in(username: str) -> Client:
    client = Client()
    client.force_login(person(username))
    return client


def sign_in(client: Client, username: str, password: str = DEMO_PASSWORD, **more):
    return client.post("/login/", {"username": username, "password": password, **more})


# -- signing in ---------------------------------------------------------------------------------------------------


def test_whoever_signs_in_comes_to_their_desk():
    client = Client()
    answer = sign_in(client, "paidan1")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/")["Location"] == "/work/"
    assert "派单员·甲" in client.get("/work/").content.decode()
    assert LoginAttempt.objects.get(username="paidan1").outcome == "ok"


def test_whoever_was_asked_to_sign_in_comes_back_to_the_page_they_wanted():
    client = Client()
    asked = client.get("/work/returns/")
    assert asked["Location"] == "/login/?next=/work/returns/"
    assert sign_in(client, "paidan1", next="/work/returns/")["Location"] == "/work/returns/"


def test_a_link_cannot_send_a_person_to_another_site_after_signing_in():
    assert sign_in(Client(), "paidan1", next="https://example.org/")["Location"] == "/"


def test_a_wrong_password_is_told_in_chinese_and_keeps_the_account_name():
    answer = sign_in(Client(), "paidan1", "wrong")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "账号或密码不正确。" in page
    assert 'value="paidan1"' in page


def test_five_wrong_passwords_lock_the_account_and_say_for_how_long():
    for _ in range(5):
        sign_in(Client(), "huawu2", "wrong")
    page = sign_in(Client(), "huawu2").content.decode()
    assert "账号已锁定，请 30 分钟后再试" in page
    assert LoginAttempt.objects.filter(username="huawu2").latest("pk").outcome == "locked"


@pytest.mark.parametrize("username", ["", "x" * 5000, "无此人", "a\x00b"])
def test_nonsense_in_the_login_form_is_a_sentence_not_an_error_page(username):
    answer = sign_in(Client(), username, "x")
    assert answer.status_code == 403
    assert 'role="alert"' in answer.content.decode()


def test_the_demo_offers_its_accounts_by_role_and_a_real_city_does_not(settings):
    assert 'data-username="huawu1"' in Client().get("/login/").content.decode()
    settings.DEMO = False
    page = Client().get("/login/").content.decode()
    assert "data-username" not in page
    assert settings.DEMO_PASSWORD not in page


def test_signing_out_needs_a_post_and_ends_the_session():
    client = signed_in("huawu1")
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/work/")["Location"].startswith("/login/")


# -- the end of a session -------------------------------------------------------------------------------------------


def away(client: Client, minutes: float) -> None:
    """The person's last sign of life was so long ago."""
    session = client.session
    session["seen"] = int((timezone.now() - timedelta(minutes=minutes)).timestamp())
    session.save()


def test_a_session_ends_after_thirty_minutes_without_anybody_there():
    client = signed_in("huawu1")
    away(client, 29.9)
    assert client.get("/work/").status_code == 200
    away(client, 30.1)
    assert client.get("/work/mine/")["Location"] == "/login/?idle=1&next=%2Fwork%2Fmine%2F"
    assert "长时间没有操作" in client.get("/login/?idle=1").content.decode()
    assert client.get("/work/")["Location"].startswith("/login/")


def test_typing_without_sending_keeps_the_session():
    client = signed_in("huawu1")
    away(client, 20)
    assert client.get("/alive/").status_code == 204
    assert timezone.now().timestamp() - client.session["seen"] < 60


def test_a_fragment_is_told_to_leave_the_page_when_the_session_is_over():
    client = signed_in("huawu1")
    away(client, 31)
    answer = client.get("/work/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/login/?idle=1")
    again = client.get("/work/", headers={"HX-Request": "true"})
    assert (again.status_code, again["HX-Redirect"]) == (401, "/login/")


def test_what_was_being_sent_is_not_repeated_after_signing_in_again():
    client = signed_in("huawu1")
    away(client, 31)
    assert client.post("/work/")["Location"] == "/login/?idle=1"


# -- the frame ------------------------------------------------------------------------------------------------------


def test_the_navigation_follows_the_role():
    operator = signed_in("huawu1").get("/work/").content.decode()
    admin = signed_in("sysadmin").get("/work/").content.decode()
    assert 'href="/search/"' in operator
    assert 'href="/search/"' not in admin
    assert 'action="/search/"' not in admin


def test_a_person_sees_in_which_unit_they_stand():
    assert "承办人员 · 城东区" in signed_in("chengdong").get("/work/").content.decode()


def test_someone_without_a_post_is_told_whom_to_ask():
    client = Client()
    client.force_login(Staff.objects.create(username="xinren", name="新人"))
    assert "请联系安全管理员" in client.get("/work/").content.decode()


def test_the_administrator_sees_the_year_without_an_official_calendar():
    page = signed_in("sysadmin").get("/work/").content.decode()
    following = timezone.localtime().year + 1
    assert f"{following} 年尚无官方日历" in page
    assert "1、3、7、11 个工作日" in page
    assert "7 个" in page  # districts and counties of the demo city


def test_a_page_loads_nothing_from_another_host():
    for path in ("/login/", "/nothing/"):
        page = Client().get(path).content.decode()
        assert re.findall(r'(?:src|href|action)="(?:https?:)?//[^"]*"', page) == []


def test_the_assets_of_a_page_are_small_enough_for_a_slow_line():
    import gzip

    page = Client().get("/login/").content.decode()
    names = re.findall(r'(?:src|href)="/static/([^"]+\.(?:css|js|svg))"', page)
    assert "ui/app.css" in names
    size = sum(len(gzip.compress((HERE / "static" / name).read_bytes())) for name in set(names))
    assert size <= 250_000


def test_every_icon_that_a_template_names_is_there():
    named = set()
    for path in (HERE / "templates").rglob("*.html"):
        named |= set(re.findall(r'{% icon "([^"]+)"', path.read_text()))
    assert len(named) > 20
    assert {name for name in named if not (ui.ICONS / f"{name}.svg").is_file()} == set()


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nothing/", 404, "没有这个地址"),
        ("/work/nothing/", 404, "没有这个工作列表"),
        ("/logout/", 405, "这个地址只接受 POST 请求"),
    ],
)
def test_errors_are_chinese_pages_with_a_way_back(path, status, words):
    answer = signed_in("huawu1").get(path)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert 'href="/"' in answer.content.decode()


def test_a_form_from_an_expired_page_is_a_chinese_page():
    client = Client(enforce_csrf_checks=True)
    answer = sign_in(client, "huawu1")
    assert answer.status_code == 403
    assert "页面已过期" in answer.content.decode()


def test_an_error_page_does_not_need_the_database(django_db_blocker):
    client = Client()
    client.get("/nothing/")
    with django_db_blocker.block():
        answer = client.get("/nothing/")
    assert answer.status_code == 404
    assert "回到首页" in answer.content.decode()


def test_the_health_check_asks_the_database():
    assert Client().get("/healthz").content == b"ok\n"


# -- words and signs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2026-09-07 14:30", "今天 14:30"),
        ("2026-09-06 23:59", "昨天 23:59"),
        ("2026-09-08 00:00", "明天 00:00"),
        ("2026-09-18 18:00", "9月18日 18:00"),
        ("2025-09-08 09:00", "2025年9月8日 09:00"),
    ],
)
def test_moments_are_said_as_people_say_them(value, said):
    assert words.moment(at(value), MONDAY) == said


def test_new_years_eve_is_yesterday_on_new_years_day():
    assert words.moment(at("2025-12-31 18:00"), at("2026-01-01 09:00")) == "昨天 18:00"


@pytest.mark.parametrize(
    ("deadline", "said"),
    [
        ("2026-09-09 12:00", "还剩 2 天 3 小时"),
        ("2026-09-07 12:20", "还剩 3 小时 20 分钟"),
        ("2026-09-07 09:00", "还剩 不到 1 分钟"),
        ("2026-09-07 08:59:30", "超期 不到 1 分钟"),
        ("2026-09-07 06:10", "超期 2 小时"),
        ("2026-09-05 09:00", "超期 2 天"),
    ],
)
def test_deadlines_say_what_is_left_or_how_long_past(deadline, said):
    assert words.due(at(deadline), MONDAY) == said


def test_a_light_is_never_colour_alone():
    assignment = dispatched(MONDAY, tier=7)  # due on Wednesday 16 September at 18:00: 225 hours, yellow from hour 180
    shown = [
        Template("{% light thing %}").render(Context({"thing": assignment, "now": now}))
        for now in (MONDAY, at("2026-09-14 21:00"), at("2026-09-16 18:00:01"))
    ]
    assert [re.sub(r"<[^>]+>", "", text) for text in shown] == ["正常", "临期", "超期"]
    assert ["ys-light-blue" in shown[0], "ys-light-yellow" in shown[1], "ys-light-red" in shown[2]] == [True] * 3


def test_a_ticket_that_nobody_works_on_has_no_light():
    assert Template("{% light thing %}").render(Context({"thing": registered(), "now": MONDAY})) == ""


def test_what_was_looked_for_is_marked_and_markup_stays_text():
    assert ui.marked("<b>暖气</b>不热", ["暖气"]) == "&lt;b&gt;<mark>暖气</mark>&lt;/b&gt;不热"


def test_debug_is_off():
    assert settings.DEBUG is False
