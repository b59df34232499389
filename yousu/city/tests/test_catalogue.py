"""The dispatch catalogue from a file: preview, publish, versions."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.factories import MONDAY, person, registered
from yousu.base.errors import Refused
from yousu.city import catalogue, directory
from yousu.city.catalogue import COLUMNS, as_rows, current_version, preview, publish
from yousu.city.models import CatalogueItem, CatalogueVersion, Unit
from yousu.dispatch.verbs import dispatch

pytestmark = pytest.mark.django_db
NAMES = list(COLUMNS)


@pytest.fixture
def rows() -> list[list[str]]:
    """The catalogue in force as the rows of a file, with Chinese labels."""
    return as_rows(current_version())


def file(path: Path, rows: list[list[str]], header: list[str] | None = None, encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as target:
        csv.writer(target).writerows([header or list(COLUMNS.values()), *rows])
    return path


def edited(rows: list[list[str]], at: int, **cells: str) -> list[list[str]]:
    row = list(rows[at])
    for name, value in cells.items():
        row[NAMES.index(name)] = value
    return [*rows[:at], row, *rows[at + 1 :]]


def test_a_catalogue_that_was_exported_reads_back_unchanged(tmp_path, rows):
    found = preview(file(tmp_path / "a.csv", rows, encoding="gb18030"))
    assert (len(found.unchanged), found.added, found.changed, found.retired, found.bad) == (len(rows), [], [], [], [])


def test_english_and_chinese_headers_are_both_read(tmp_path, rows):
    assert len(preview(file(tmp_path / "a.csv", rows, header=NAMES)).unchanged) == len(rows)


def test_a_preview_shows_added_changed_and_retired_items_field_by_field(tmp_path, rows):
    old, gone = rows[0], rows[-1]
    fresh = list(rows[1])
    fresh[NAMES.index("code")], fresh[NAMES.index("name")] = "99999999", "低空飞行器噪声"
    tier = NAMES.index("tier")
    new_tier = "11" if old[tier] != "11" else "7"
    found = preview(file(tmp_path / "a.csv", [*edited(rows, 0, tier=new_tier, urgency="特急")[:-1], fresh]))
    assert [item.name for item in found.added] == ["低空飞行器噪声"]
    assert [item.code for item in found.retired] == [gone[0]]
    [(item, changes)] = found.changed
    assert item.code == old[0]
    assert {(c.label, c.old, c.new) for c in changes} == {
        ("时限（工作日）", old[tier], new_tier),
        ("紧急程度", old[NAMES.index("urgency")], "特急"),
    }
    assert len(found.unchanged) == len(rows) - 2
    assert current_version().items.count() == len(rows)  # nothing was written


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"code": ""}, "事项编码是空的"),
        ({"name": ""}, "事项是空的"),
        ({"name": "长" * 121}, "事项超过 120 字"),
        ({"tier": "5"}, "时限“5”不在本市规则的时限（1、3、7、11）之中"),
        ({"tier": "七"}, "时限“七”不在本市规则的时限（1、3、7、11）之中"),
        ({"lead_rule": "unit:630199"}, "主办规则中的单位“630199”不是本市单位的代码"),
        ({"lead_rule": "area:village"}, "主办规则“area:village”无效，应为"),
        ({"lead_rule": "某局"}, "主办规则“某局”无效，应为"),
        ({"trade_unit": "X"}, "行业主管“X”不是本市单位的代码"),
        ({"leaf_code": "990000"}, "分类编码“990000”不在事项分类中"),
        ({"lowest_level": "组"}, "最低派至“组”无效，应为 市级、区县、街道（乡镇）、社区（村）、网格 之一"),
        ({"urgency": "火急"}, "紧急程度“火急”无效，应为 特急、紧急、一般 之一"),
        ({"secret": "也许"}, "保密“也许”应为 是 或 否"),
    ],
)
def test_a_bad_row_is_shown_with_its_line_and_reason(tmp_path, rows, cells, reason):
    [bad] = preview(file(tmp_path / "a.csv", edited(rows, 2, **cells))).bad
    assert bad.line == 4
    assert bad.reason.startswith(reason)


def test_a_code_that_stands_twice_is_a_bad_row(tmp_path, rows):
    [bad] = preview(file(tmp_path / "a.csv", [*rows, rows[0]])).bad
    assert (bad.line, bad.reason) == (len(rows) + 2, "事项编码与第 2 行重复")


def test_a_file_without_the_needed_columns_is_refused(tmp_path, rows):
    with pytest.raises(Refused, match=r"目录文件缺少列：主办规则、最低派至、时限"):
        preview(file(tmp_path / "a.csv", [row[:6] for row in rows], header=list(COLUMNS.values())[:6]))


def test_publishing_makes_a_new_version_and_tickets_keep_theirs(tmp_path, rows):
    index = next(i for i, row in enumerate(rows) if row[NAMES.index("tier")] == "7")
    code = rows[index][0]
    ticket = registered(item=code)
    found = preview(file(tmp_path / "a.csv", edited(rows, index, tier="3")))
    version = publish(found, person("sysadmin"), "时限调整")
    assert (version.number, version.items.count()) == (found.base + 1, len(rows))
    assert (version.note, version.published_by) == ("时限调整", person("sysadmin"))
    assert directory.current().items[code].tier == 3
    ticket.refresh_from_db()
    assert (ticket.item.version.number, ticket.item.tier) == (found.base, 7)
    assert CatalogueItem.objects.get(version__number=found.base, code=code).tier == 7


def test_a_ticket_registered_under_the_old_version_is_dispatched_by_it(tmp_path, rows):
    index = next(
        i
        for i, r in enumerate(rows)
        if r[NAMES.index("tier")] == "7" and r[NAMES.index("lowest_level")] == "社区（村）"
    )
    ticket = registered(item=rows[index][0])
    publish(preview(file(tmp_path / "a.csv", edited(rows, index, tier="1"))), None)
    done = dispatch(ticket, by=person("paidan1"), now=MONDAY, lead="630102")
    assert done.assignment.tier == 7


def test_bad_rows_forbid_publishing_unless_they_are_left_out(tmp_path, rows):
    path = file(tmp_path / "a.csv", edited(edited(rows, 2, tier="5", name="改了名"), 3, name="新名"))
    with pytest.raises(Refused, match="第 4 行：时限“5”"):
        publish(preview(path), None)
    assert CatalogueVersion.objects.filter(scope="").count() == 1
    version = publish(preview(path), None, allow_bad=True)
    kept = version.items.get(code=rows[2][0])
    assert (kept.name, str(kept.tier)) == (rows[2][NAMES.index("name")], rows[2][NAMES.index("tier")])
    assert version.items.get(code=rows[3][0]).name == "新名"
    assert version.items.count() == len(rows)


def test_a_preview_that_was_overtaken_is_refused(tmp_path, rows):
    path = file(tmp_path / "a.csv", edited(rows, 0, name="改名"))
    first, second = preview(path), preview(path)
    publish(first, None)
    with pytest.raises(Refused, match="预览之后目录又发布了新版本"):
        publish(second, None)


def test_an_empty_catalogue_is_not_published(tmp_path, rows):
    with pytest.raises(Refused, match="不能发布空目录"):
        publish(preview(file(tmp_path / "a.csv", [])), None)


def test_versions_of_an_import_leave_no_gap_in_the_numbers_of_the_city(tmp_path, rows):
    CatalogueVersion.objects.create(number=1_000_001, scope="haikou")
    assert publish(preview(file(tmp_path / "a.csv", rows)), None).number == 2
    assert catalogue.current_version().number == 2


# -- who leads ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "area", "lead"),
    [
        ("unit:6301D013", "630102001", "6301D013"),
        ("unit:6301D013", "", "6301D013"),
        ("area:district", "630102001001", "630102"),
        ("area:district", "630102", "630102"),
        ("area:town", "630102001", "630102001"),
        ("area:town", "630102", None),  # the place is not known finely enough
        ("area:community", "630102001", None),
        ("area:town", "630102999", None),
        ("", "630102", None),
    ],
)
def test_the_lead_follows_the_rule_and_the_place(rule, area, lead):
    found = directory.current().lead_unit(CatalogueItem(lead_rule=rule), area)
    assert (found.code if found else None) == lead


def test_a_unit_of_an_import_never_leads_by_area():
    Unit.objects.filter(code="630102001").update(scope="haikou")
    directory.changed()
    assert directory.current().lead_unit(CatalogueItem(lead_rule="area:town"), "630102001") is None
