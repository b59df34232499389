"""The console of the ground, as an administrator types it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tests.factories import person
from yousu.base import console
from yousu.base.errors import Refused
from yousu.city import commands, directory
from yousu.city.accounts import staff_for_token
from yousu.city.catalogue import current_version
from yousu.city.models import ApiToken, CalendarYear, Staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(monkeypatch):
    """Run a command and give what it printed. A refusal comes as ``Refused``, as the console's guard gets it."""

    def run(group, *arguments: str, typed: str = "") -> str:
        runner = CliRunner(env={"COLUMNS": "200"})
        monkeypatch.setattr(console.out, "_width", 200, raising=False)
        done = runner.invoke(group, list(arguments), input=typed)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    return run


def test_a_year_without_a_calendar_says_so(run):
    assert "2027 年没有官方日历" in run(commands.calendar, "show", "2027")


def test_a_year_is_shown_with_its_make_up_days(run):
    said = run(commands.calendar, "show", "2026")
    assert "国务院办公厅公布" in said
    assert "2026-10-10" in said
    assert "上班（调休）" in said


def test_a_day_is_set_and_a_list_is_imported(run, tmp_path):
    assert "休息" in run(commands.calendar, "set", "2026-07-10", "--off", "--name", "环湖赛")
    path = tmp_path / "2027.json"
    path.write_text(json.dumps({"year": 2027, "days": [{"name": "元旦", "date": "2027-01-01", "isOffDay": True}]}))
    assert "已录入 2027 年" in run(commands.calendar, "import", str(path))
    assert set(CalendarYear.objects.filter(source="edited").values_list("year", flat=True)) == {2026, 2027}
    assert "2026 年由本市录入，保持不动" in run(commands.calendar, "load", "2026")


@pytest.mark.parametrize(
    ("arguments", "said"), [(("2026-13-01", "--off"), "日期“2026-13-01”无效"), (("2026-10-01",), "--work")]
)
def test_a_day_that_cannot_be_set_is_refused(run, arguments, said):
    with pytest.raises(Refused, match=said):
        run(commands.calendar, "set", *arguments)


@pytest.mark.parametrize("name", ["目录.xlsx", "目录.csv"])
def test_a_catalogue_goes_out_is_edited_and_comes_back(run, tmp_path, name):
    path = tmp_path / name
    count = len(directory.current().items)
    assert f"共 {count} 项" in run(commands.catalogue, "export", str(path))
    assert f"不变 {count} 项；有误 0 行" in run(commands.catalogue, "preview", str(path))
    assert "已发布第2版" in run(commands.catalogue, "publish", str(path), "--note", "试", typed="y\n")
    assert current_version().number == 2
    assert "试" in run(commands.catalogue, "versions")


def test_a_catalogue_with_a_bad_row_is_not_published(run, tmp_path):
    path = tmp_path / "a.csv"
    run(commands.catalogue, "export", str(path))
    text = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text("\n".join([*text[:2], text[1], *text[2:]]), encoding="utf-8")
    with pytest.raises(Refused, match="有 1 行有误，没有发布"):
        run(commands.catalogue, "publish", str(path), "--yes")
    assert current_version().number == 1


def test_an_account_is_made_locked_and_given_a_token(run):
    said = run(
        *(commands.staff, "add", "zhangsan", "--name", "张三", "--role", "话务员", "--unit"),
        directory.current().units[next(iter(person("huawu1").units("operator")))].code,
        typed="Huangshui-2026\nHuangshui-2026\n",
    )
    assert "已新建账号 zhangsan" in said
    assert "Huangshui" not in said
    assert "zhangsan" in run(commands.staff, "list", "--role", "operator")
    run(commands.staff, "lock", "zhangsan")
    assert not Staff.objects.get(username="zhangsan").is_active
    run(commands.staff, "unlock", "zhangsan")
    token = run(commands.staff, "token", "zhangsan", "--name", "对接", "--days", "7").splitlines()[0]
    row = ApiToken.objects.get(name="对接")
    assert staff_for_token(token, row.created_at).username == "zhangsan"
    assert staff_for_token(token, row.expires_at) is None


def test_a_weak_password_makes_no_account(run):
    with pytest.raises(Refused, match="至少三类"):
        run(
            *(commands.staff, "add", "zhangsan", "--name", "张三", "--role", "operator", "--unit", "630102"),
            typed="weakweakweak\nweakweakweak\n",
        )
    assert not Staff.objects.filter(username="zhangsan").exists()


def test_an_unknown_account_or_role_is_refused(run):
    with pytest.raises(Refused, match="没有账号“nobody”"):
        run(commands.staff, "lock", "nobody")
    with pytest.raises(Refused, match="没有岗位“国王”"):
        run(commands.staff, "list", "--role", "国王")
    assert "派单员" in run(commands.staff, "roles")


def test_rules_are_exported_and_published_as_a_new_version(tmp_path):
    from click.testing import CliRunner

    from yousu.city.commands import rules

    file = tmp_path / "rules.json"
    assert CliRunner().invoke(rules, ["export", str(file)]).exit_code == 0
    changed = file.read_text(encoding="utf-8").replace('"max_per_ticket": 2', '"max_per_ticket": 3')
    file.write_text(changed, encoding="utf-8")
    done = CliRunner().invoke(rules, ["publish", str(file), "--name", "三次退单"])
    assert done.exit_code == 0, done.output
    assert "规则第 2 版“三次退单”" in done.output
    from django.utils import timezone

    from yousu.city import directory

    assert directory.current().rules_at(timezone.now()).returns.max_per_ticket == 3
