"""Files as people hand them over."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from yousu.base.errors import Refused
from yousu.base.tables import open_table


def written(path: Path, body: bytes) -> Path:
    path.write_bytes(body)
    return path


@pytest.mark.parametrize(
    ("encoding", "words"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("gb18030", "GB18030"), ("gbk", "GB18030"), ("utf-16", "UTF-16")],
)
def test_the_encoding_is_found_out(tmp_path, encoding, words):
    table = open_table(written(tmp_path / "a.csv", "编号,内容\n1,停水了\n".encode(encoding)))
    assert table.words == f"CSV（{words}）"
    assert table.header == ["编号", "内容"]
    assert [row.values for row in table.rows()] == [["1", "停水了"]]


def test_a_row_with_foreign_bytes_costs_only_itself(tmp_path):
    body = "编号,内容\n1,停水\n".encode() + b"2,\xff\xfe\n" + "3,停电\n".encode()
    rows = list(open_table(written(tmp_path / "a.csv", body)).rows())
    assert [(row.line, row.problem) for row in rows] == [(2, ""), (3, "含有不是 UTF-8 的字节"), (4, "")]


def test_a_foreign_row_in_a_gb18030_file_costs_only_itself(tmp_path):
    body = "编号,内容\n1,停水\n".encode("gb18030") + b"2,\xff\xff\n" + "3,停电\n4,停气\n5,停暖\n".encode("gb18030")
    table = open_table(written(tmp_path / "a.csv", body))
    rows = list(table.rows())
    assert table.words == "CSV（GB18030）"
    assert [row.line for row in rows if row.problem] == [3]
    assert [row.values[1] for row in rows if not row.problem] == ["停水", "停电", "停气", "停暖"]


def test_a_quote_that_is_never_closed_swallows_no_other_row(tmp_path):
    body = '编号,内容\n1,停水\n2,"没有收尾\n3,停电\n4,"有,逗号"\n5,停气\n'
    rows = list(open_table(written(tmp_path / "a.csv", body.encode())).rows())
    assert [row.line for row in rows if row.problem] == [3]
    assert [row.values for row in rows if not row.problem] == [
        ["1", "停水"],
        ["3", "停电"],
        ["4", "有,逗号"],
        ["5", "停气"],
    ]


def test_a_text_over_several_lines_is_one_row_and_lines_are_counted_on(tmp_path):
    body = '编号,内容\n1,"第一段\n第二段"\n2,停电\n'
    rows = list(open_table(written(tmp_path / "a.csv", body.encode())).rows())
    assert [(row.line, row.values[1]) for row in rows] == [(2, "第一段\n第二段"), (4, "停电")]


def test_rows_with_too_many_or_too_few_columns_say_so(tmp_path):
    rows = list(open_table(written(tmp_path / "a.csv", "编号,内容\n1,停水,多\n2\n3,停电,,\n\n".encode())).rows())
    assert [row.problem for row in rows] == ["有 3 列，表头只有 2 列", "只有 1 列，表头有 2 列", ""]


def test_cells_of_a_sheet_read_as_a_person_sees_them(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.append(["编号", "日期", "时刻", "数", "是否", "空"])
    sheet.append([20180503000001, date(2018, 5, 3), datetime(2018, 5, 3, 9, 30), 1.5, True, None])
    book.save(tmp_path / "a.xlsx")
    table = open_table(tmp_path / "a.xlsx")
    assert table.words == "XLSX"
    assert [row.values for row in table.rows()] == [
        ["20180503000001", "2018-05-03", "2018-05-03 09:30:00", "1.5", "1", ""]
    ]


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("empty.csv", b"", "是空的"),
        ("blank.csv", b"\n \n", "是空的"),
        ("old.xls", b"\xd0\xcf\x11\xe0" + b"x" * 100, "旧版 Excel"),
        ("cut.xlsx", b"PK\x03\x04" + b"x" * 100, "不是完整的 XLSX"),
        ("photo.csv", b"\x89PNG\r\n" + bytes(range(256)) * 4 + b"\x00" * 200, "不是表格文件"),
        ("latin.csv", b"a,b\n" + b"\xff\xff\xff,\x80\n" * 20, "既不是 UTF-8 也不是 GB18030"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(tmp_path, name, body, said):
    with pytest.raises(Refused, match=said):
        open_table(written(tmp_path / name, body))


def test_a_missing_file_and_a_folder_are_refused_in_words(tmp_path):
    with pytest.raises(Refused, match="没有找到文件"):
        open_table(tmp_path / "none.csv")
    with pytest.raises(Refused, match="是文件夹"):
        open_table(tmp_path)
