"""Real input: an export becomes tickets that can be found, opened and worked on, whatever is wrong with some of its rows."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.factories import MONDAY, at, item, person, registered, someone
from yousu.base.errors import Refused
from yousu.city import directory
from yousu.city.models import CatalogueItem, CatalogueVersion, Classification, Unit
from yousu.dispatch.verbs import dispatch
from yousu.evaluation.verbs import close
from yousu.handling.verbs import record_contact, reply, sign
from yousu.imports import orders, writing
from yousu.imports.orders import Summary, import_orders
from yousu.imports.tests.files import HEADER, LETTER_HEADER, letter, order, write_csv
from yousu.tickets.access import visible
from yousu.tickets.chain import first_break
from yousu.tickets.models import Assignment, Event, Reply, Ticket, TicketText
from yousu.tickets.search import query

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def reports(settings, tmp_path):
    settings.VAR = tmp_path / "var"


def imported(path: Path, **how: object) -> Summary:
    return import_orders(path, now=MONDAY, **how)  # type: ignore[arg-type]


def reasons(summary: Summary) -> list[tuple[str, str]]:
    """(line, reason) of the report's rows."""
    with summary.report.open(encoding="utf-8-sig", newline="") as file:
        return [(row["行号"], row["原因"]) for row in csv.DictReader(file)]


def found(text: str) -> set[str]:
    hits = TicketText.objects.extra(where=["grams @@ %s::tsquery"], params=[query(text)])
    return {hit.ticket.external_id for hit in hits}


def breaks() -> list[str]:
    """Numbers of the tickets whose chain does not hold."""
    return [
        ticket.number
        for ticket in Ticket.objects.all()
        if first_break(ticket.number, ticket.events.order_by("seq"), ticket.head) is not None
        or ticket.events.count() != ticket.seq
    ]


# -- formats -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_orders_are_imported_from_either_encoding(tmp_path, encoding):
    summary = imported(write_csv(tmp_path / "a.csv", [order(1), order(2)], encoding))
    assert (summary.read, summary.imported, summary.bad) == (2, 2, 0)
    assert Ticket.objects.get(external_id="20180503000001").content == "市民咨询公交二十路的末班车时间，请答复。"


def test_orders_are_imported_from_a_sheet(tmp_path):
    book = Workbook()
    for row in [HEADER, order(1), order(2)]:
        book.active.append([int(cell) if cell.isdigit() else cell for cell in row])
    book.save(tmp_path / "a.xlsx")
    assert imported(tmp_path / "a.xlsx").imported == 2
    assert Ticket.objects.filter(source="haikou12345", external_id="20180503000002").exists()


def test_the_mapping_is_chosen_by_the_header(tmp_path):
    assert imported(write_csv(tmp_path / "a.csv", [order(1)])).mapping.name == "haikou12345"
    assert imported(write_csv(tmp_path / "b.csv", [letter(1)], header=LETTER_HEADER)).mapping.name == "shangluo"


def test_an_unknown_header_is_refused_with_the_known_mappings(tmp_path):
    path = write_csv(tmp_path / "a.csv", [["1", "2"]], header=["甲", "乙"])
    with pytest.raises(Refused, match=r"认不出这个文件的列（甲、乙）.*haikou12345.*shangluo"):
        imported(path)


def test_a_mapping_that_lacks_columns_names_them(tmp_path):
    path = write_csv(tmp_path / "a.csv", [["1", "2"]], header=["order_no", "text"])
    with pytest.raises(Refused, match="缺少对照“haikou12345”需要的列：cat1、cat2、cat3、cat4、unit"):
        imported(path, mapping="haikou12345")


def test_a_mapping_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(Refused, match="没有名为“none”的对照文件"):
        imported(write_csv(tmp_path / "a.csv", [order(1)]), mapping="none")


# -- the ticket that comes of it ----------------------------------------------------------------------------------------


def test_an_imported_order_can_be_found_opened_and_worked_to_its_end(tmp_path):
    imported(write_csv(tmp_path / "a.csv", [order(3), order(4)]))
    ticket = Ticket.objects.get(external_id="20180503000003")
    assert found("解放路三号院") == {"20180503000003"}
    unit = Unit.objects.get(name="路灯管理所")
    handler = someone("handler", unit.code)
    assert set(visible(Ticket.objects.all(), handler)) == set(Ticket.objects.all())
    assignment = ticket.assignments.get()
    assert (assignment.unit, assignment.role, assignment.state) == (unit, "lead", "dispatched")
    sign(assignment, by=handler, now=MONDAY)
    record_contact(assignment, by=handler, now=MONDAY)
    reply(assignment, by=handler, now=MONDAY, text="已修复。")
    close(ticket, by=person("huifang1"), now=MONDAY, reason="来电号码不详，无法回访")
    ticket.refresh_from_db()
    assert ticket.state == "closed"
    assert breaks() == []


def test_the_deadline_counts_from_the_day_in_the_order_number(tmp_path):
    """3 May 2018 was a Thursday; seven workdays on: 4, 7, 8, 9, 10, 11, 14 May."""
    imported(write_csv(tmp_path / "a.csv", [order(1)]))
    ticket = Ticket.objects.get()
    assignment = ticket.assignments.get()
    assert ticket.registered_at == assignment.dispatched_at == at("2018-05-03 00:00")
    assert ticket.deadline == assignment.deadline == at("2018-05-14 18:00")
    assert assignment.sign_due == at("2018-05-04 18:00")
    assert not assignment.provisional
    assert ticket.number.startswith("180503-")


def test_an_import_writes_the_columns_and_changes_that_the_verbs_would(tmp_path):
    """The same request, once by register and dispatch, once by import."""
    unit, code = Unit.objects.get(code="630102"), item(tier=3)
    row = order(1, cat1=code, cat2="", cat3="", cat4="", unit=unit.name, text="路灯不亮，请处理。")
    text = (Path(orders.__file__).parent / "mappings" / "haikou12345.toml").read_text(encoding="utf-8")
    mapping = tmp_path / "own.toml"
    mapping.write_text(text.replace('known = "scope"', 'known = "city"'), encoding="utf-8")
    imported(write_csv(tmp_path / "a.csv", [row]), mapping=str(mapping))
    came = Ticket.objects.get(source="haikou12345")

    day = at("2018-05-03 00:00")
    made = registered(day, content="路灯不亮，请处理。", caller_phone="", area="", item=code)
    dispatch(made, by=None, now=day, lead=unit.code)
    made.refresh_from_db()

    own = {"id", "number", "source", "external_id", "agent_id", "head"}
    for row_made, row_came in ((made, came), (made.assignments.get(), came.assignments.get())):
        for column in (f.attname for f in row_made._meta.concrete_fields if f.attname not in {*own, "ticket_id"}):
            assert getattr(row_came, column) == getattr(row_made, column), column
    pairs = zip(made.events.order_by("seq"), came.events.order_by("seq"), strict=True)
    for by_verb, by_import in pairs:
        assert by_import.data["changes"] == by_verb.data["changes"]
        assert (by_import.at, by_import.ordinal, by_import.rules) == (by_verb.at, by_verb.ordinal, by_verb.rules)


def test_the_first_event_says_where_the_ticket_came_from(tmp_path):
    imported(write_csv(tmp_path / "a.csv", [order(1)]))
    first, second = Event.objects.order_by("seq")
    assert (first.kind, first.verb, first.role, first.by_id) == ("ticket.imported", "import", "platform", None)
    said = {name: first.data[name] for name in ("source", "external_id", "line", "unit", "category")}
    assert said == {
        "source": "haikou12345",
        "external_id": "20180503000001",
        "line": 2,
        "unit": "路灯管理所",
        "category": "城市管理／市政设施／路灯／路灯不亮",
    }
    assert (second.kind, second.ordinal) == ("ticket.dispatched", 1)
    assert breaks() == []


def test_numbers_of_persons_are_masked_and_the_text_as_it_came_is_sealed(tmp_path):
    text = "路灯不亮，联系电话13912345678，请处理。"
    imported(write_csv(tmp_path / "a.csv", [order(1, text=text), order(2)]))
    first, second = Ticket.objects.order_by("external_id")
    assert "13912345678" not in first.content
    assert first.original.open() == text
    assert not second.original
    assert found("13912345678") == set()


def test_a_row_without_a_unit_waits_for_the_dispatcher(tmp_path):
    imported(write_csv(tmp_path / "a.csv", [order(1, unit="")]))
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.seq, ticket.assignments.count()) == ("registered", 1, 0)
    lead = Unit.objects.get(code="630102")
    dispatch(ticket, by=person("paidan1"), now=MONDAY, lead=lead.code)
    assert ticket.assignments.get().unit == lead


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"cat4": "表扬承办部门"}, "praise"),
        ({"cat4": "意见建议"}, "suggestion"),
        ({"text": "市民举报某店无证经营。"}, "report"),
        ({"text": "市民投诉夜间噪音。"}, "complaint"),
        ({"text": "咨询落户手续。"}, "inquiry"),
        ({"text": "路面塌陷，请修复。"}, "help"),
    ],
)
def test_the_type_is_guessed_from_category_and_opening(tmp_path, cells, kind):
    imported(write_csv(tmp_path / "a.csv", [order(1, **cells)]))
    ticket = Ticket.objects.get()
    assert ticket.type == kind
    assert ticket.identity_hidden == (kind == "report")


# -- letters -----------------------------------------------------------------------------------------------------------


def test_an_answered_letter_is_imported_closed_with_its_reply(tmp_path):
    imported(write_csv(tmp_path / "a.csv", [letter(1)], header=LETTER_HEADER))
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.closed_as, ticket.title) == ("closed", "handled", "建议增设公交站")
    assert ticket.content == "您好：\n我们小区 离公交站很远，\n建议增设一站。"
    assert (ticket.registered_at, ticket.closed_at) == (at("2021-01-04 00:00"), at("2021-01-08 00:00"))
    assignment = ticket.assignments.get()
    assert (assignment.unit.name, assignment.state) == ("商洛市交通局", "closed")
    assert assignment.replied_at == assignment.ended_at == at("2021-01-08 00:00")
    assert Reply.objects.get(ticket=ticket).text == "经核实，已列入今年的公交线网优化计划。"
    kinds = list(ticket.events.order_by("seq").values_list("kind", flat=True))
    assert kinds == ["ticket.imported", "ticket.dispatched", "assignment.replied", "ticket.closed"]
    assert breaks() == []


def test_a_letter_without_an_answer_is_work_to_do(tmp_path):
    imported(write_csv(tmp_path / "a.csv", [letter(1, reply="", reply_date="")], header=LETTER_HEADER))
    assert Ticket.objects.get().state == "handling"
    assert not Reply.objects.exists()


def test_the_date_of_a_letter_falls_back_to_its_number(tmp_path):
    imported(write_csv(tmp_path / "a.csv", [letter(1, query_date="")], header=LETTER_HEADER))
    assert Ticket.objects.get().registered_at == at("2021-01-04 00:00")


def test_a_title_that_is_too_long_opens_the_content(tmp_path):
    title = "关于" + "增设公交站" * 13  # 67 characters, the rules allow 60
    imported(write_csv(tmp_path / "a.csv", [letter(1, title=title)], header=LETTER_HEADER))
    ticket = Ticket.objects.get()
    assert ticket.content.startswith(title + "\n您好")
    assert len(ticket.title) <= 60


# -- bad rows ----------------------------------------------------------------------------------------------------------


def test_bad_rows_go_to_the_report_and_good_rows_are_kept(tmp_path):
    rows = [
        order(1),
        order(2, text="  "),
        order(3, order_no=""),
        order(4, order_no="20181350000004"),
        order(5, order_no="20990101000005"),
        order(6, text="长" * 5001),
        order(1, text="又来一次"),
        [*order(7), "多出一列"],
        order(8, text="字\x00中\x07有控制字符"),
        order(9, unit="位" * 81),
        order(10, order_no="2018"),
    ]
    summary = imported(write_csv(tmp_path / "a.csv", rows))
    assert (summary.read, summary.imported, summary.already, summary.bad) == (11, 2, 0, 9)
    assert reasons(summary) == [
        ("3", "诉求内容是空的"),
        ("4", "没有来源编号"),
        ("5", "日期“20181350”无效"),
        ("6", "日期“20990101”在今天之后"),
        ("7", "诉求内容有 5001 字，超过 5000 字"),
        ("8", "来源编号与第 2 行重复"),
        ("9", "有 9 列，表头只有 8 列"),
        ("11", "承办单位名称超过 80 字"),
        ("12", "日期“2018”无效"),
    ]
    assert Ticket.objects.get(external_id="20180503000008").content == "字中有控制字符"


def test_a_number_whose_first_row_was_bad_is_taken_from_the_second(tmp_path):
    summary = imported(write_csv(tmp_path / "a.csv", [order(1, text=""), order(1)]))
    assert (summary.imported, summary.bad) == (1, 1)


def test_the_report_holds_the_row_as_it_came_and_is_ours_alone(tmp_path):
    summary = imported(write_csv(tmp_path / "a.csv", [order(1, text="")]))
    assert summary.report == tmp_path / "var" / "imports" / "a.bad-rows.csv"
    assert summary.report.stat().st_mode & 0o777 == 0o600
    assert "20180503000001,城市管理,市政设施,路灯,路灯不亮,路灯管理所" in summary.report.read_text(encoding="utf-8-sig")


def test_emoji_and_four_byte_characters_come_through(tmp_path):
    imported(write_csv(tmp_path / "a.csv", [order(1, text="𠮷祥路口红绿灯坏了🚦\\请修\t好。")]))
    ticket = Ticket.objects.get()
    assert ticket.content == "𠮷祥路口红绿灯坏了🚦\\请修\t好。"
    assert breaks() == []


# -- again, and after a crash -------------------------------------------------------------------------------------------


def test_a_second_run_imports_nothing(tmp_path):
    path = write_csv(tmp_path / "a.csv", [order(n) for n in range(5)])
    imported(path)
    before = [list(model.objects.order_by("pk").values()) for model in (Ticket, Assignment, Event, Unit, CatalogueItem)]
    summary = imported(path)
    assert (summary.imported, summary.already, summary.bad) == (0, 5, 0)
    assert (summary.units, summary.categories) == ([], [])
    after = [list(model.objects.order_by("pk").values()) for model in (Ticket, Assignment, Event, Unit, CatalogueItem)]
    assert after == before


def test_an_import_cut_off_between_batches_goes_on_where_it_stopped(tmp_path, monkeypatch):
    path = write_csv(tmp_path / "a.csv", [order(n, unit=f"单位{n}") for n in range(10)])
    write, batches = writing.write, []

    def power_cut(*args, **kwargs):
        if len(batches) == 2:
            raise KeyboardInterrupt
        batches.append(1)
        return write(*args, **kwargs)

    monkeypatch.setattr(writing, "write", power_cut)
    with pytest.raises(KeyboardInterrupt):
        imported(path, batch=3)
    assert Ticket.objects.count() == 6
    monkeypatch.undo()
    summary = imported(path, batch=3)
    assert (summary.already, summary.imported) == (6, 4)
    assert Ticket.objects.count() == Assignment.objects.count() == 10
    assert Unit.objects.filter(scope="haikou").count() == 11  # ten, and the root above them
    assert breaks() == []


def test_a_batch_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    copy = writing.copy

    def disk_full(table, columns, rows):
        if table == "tickets_event":
            raise OSError("disk full")
        copy(table, columns, rows)

    monkeypatch.setattr(writing, "copy", disk_full)
    with pytest.raises(OSError, match="disk full"):
        imported(write_csv(tmp_path / "a.csv", [order(1)]))
    assert not Ticket.objects.exists()
    assert not TicketText.objects.exists()


def test_a_ticket_that_came_in_meanwhile_is_left_alone_with_all_that_hangs_on_it(tmp_path, monkeypatch):
    """The batch has been read and another writer registers one of its orders before it is written."""
    write = writing.write

    def late(rows, mapping, again):
        registered(source="haikou12345", external_id="20180503000001", content="先到的一件。")
        return write(rows, mapping, again)

    monkeypatch.setattr(writing, "write", late)
    summary = imported(write_csv(tmp_path / "a.csv", [order(1), order(2)]))
    assert (summary.imported, summary.already) == (1, 1)
    assert Ticket.objects.get(external_id="20180503000001").content == "先到的一件。"
    assert breaks() == []


def test_a_dry_run_tells_and_changes_nothing(tmp_path):
    path = write_csv(tmp_path / "a.csv", [order(1), order(2, text="")])
    summary = imported(path, dry_run=True)
    assert (summary.imported, summary.bad, summary.units) == (1, 1, ["路灯管理所"])
    assert summary.categories == ["城市管理／市政设施／路灯／路灯不亮"]
    assert not Ticket.objects.exists()
    assert not Unit.objects.exclude(scope="").exists()
    assert not summary.report.exists()


# -- units and categories ----------------------------------------------------------------------------------------------


def test_unknown_units_and_categories_are_made_in_the_scope_of_the_import(tmp_path):
    summary = imported(write_csv(tmp_path / "a.csv", [order(1), order(2, unit="滨江街道办", cat4="路灯损坏")]))
    assert summary.units == ["路灯管理所", "滨江街道办"]
    lamps, street = Unit.objects.filter(scope="haikou", parent__isnull=False).order_by("code")
    assert (lamps.kind, street.kind) == ("department", "town")
    assert lamps.path == f"haikou/{lamps.code}"
    version = CatalogueVersion.objects.get(scope="haikou")
    assert {item.name for item in version.items.all()} == {"路灯不亮", "路灯损坏"}
    assert [c.name for c in Classification.objects.filter(scope="haikou").order_by("level")] == [
        "城市管理",
        "市政设施",
        "路灯",
    ]
    ticket = Ticket.objects.get(external_id="20180503000002")
    assert (ticket.item.name, ticket.item.tier) == ("路灯损坏", 7)


def test_the_catalogue_of_the_city_is_not_touched_by_an_import(tmp_path):
    before = directory.current().catalogue.number
    imported(write_csv(tmp_path / "a.csv", [order(1)]))
    assert directory.current().catalogue.number == before
    assert not any(code.startswith("haikou") for code in directory.current().items)


def test_units_of_the_city_with_the_same_name_are_not_taken_for_those_of_the_source(tmp_path):
    own = Unit.objects.get(code="630102")
    imported(write_csv(tmp_path / "a.csv", [order(1, unit=own.name)]))
    assert Ticket.objects.get().assignments.get().unit.scope == "haikou"


def test_unknown_units_and_categories_are_refused_where_the_mapping_says_so(tmp_path):
    mapping = tmp_path / "own.toml"
    mapping.write_text(
        """
label = "本市历史工单"
source = "old-platform"
scope = "history"
tier = 3
state = "dispatched"
[fields]
external_id = "编号"
content = "内容"
unit = "单位"
category = ["事项"]
registered = [{ column = "日期" }]
""",
        encoding="utf-8",
    )
    own = Unit.objects.get(code="630102")
    header = ["编号", "内容", "单位", "事项", "日期"]
    rows = [
        ["1", "停水", own.name, item(tier=7), "2026-9-1"],
        ["2", "停水", "火星管委会", item(tier=7), "2026/9/1"],
        ["3", "停水", own.short_name, "不存在的事项", "2026年9月1日"],
        ["4", "停水", own.short_name, "", "昨天"],
    ]
    summary = imported(write_csv(tmp_path / "a.csv", rows, header=header), mapping=str(mapping))
    assert reasons(summary)[0] == ("3", "不认得承办单位“火星管委会”，对照文件要求拒收")
    assert reasons(summary)[1] == ("4", "不认得分类“不存在的事项”，对照文件要求拒收")
    assert reasons(summary)[2] == ("5", "日期“昨天”无效")
    assert not Unit.objects.filter(scope="history").exists()
    assert summary.imported == 1
    assert Ticket.objects.get().assignments.get().unit == own
    assert Ticket.objects.get().deadline == at("2026-09-10 18:00")  # seven workdays from Tuesday 1 September


def test_a_scope_may_be_named_on_the_console(tmp_path):
    imported(write_csv(tmp_path / "a.csv", [order(1)]), scope="hk2018")
    assert Unit.objects.filter(scope="hk2018").count() == 2


def test_a_scope_that_is_the_code_of_a_unit_is_refused(tmp_path):
    with pytest.raises(Refused, match="与本市的单位代码相同"):
        imported(write_csv(tmp_path / "a.csv", [order(1)]), scope="630102")


def test_a_unit_that_the_city_has_no_work_for_is_reported(tmp_path):
    """The hotline centre itself handles nothing."""
    text = (Path(orders.__file__).parent / "mappings" / "haikou12345.toml").read_text(encoding="utf-8")
    mapping = tmp_path / "own.toml"
    mapping.write_text(text.replace('known = "scope"', 'known = "city"', 1), encoding="utf-8")
    centre = Unit.objects.get(kind="center")
    summary = imported(write_csv(tmp_path / "a.csv", [order(1, unit=centre.name), order(2)]), mapping=str(mapping))
    assert (summary.imported, summary.bad) == (1, 1)
    assert "不是承办单位" in reasons(summary)[0][1]
