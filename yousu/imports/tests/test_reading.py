"""Cells of an export: texts without markup, dates however they are written."""

from __future__ import annotations

import pytest

from tests.factories import at
from yousu.imports.reading import clean, parsed


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("  您好&nbsp;&nbsp;市长 ", "您好  市长"),
        ("第一行<br/>第二行<BR>第三行", "第一行\n第二行\n第三行"),
        ('<p class="a">一</p><p>二</p>', "一\n二"),
        ("电话<手机号>，见<住宅专项维修资金管理办法>", "电话<手机号>，见<住宅专项维修资金管理办法>"),
        ("a?x=1&wbtreeid=2&notify=3&copy", "a?x=1&wbtreeid=2&notify=3&copy"),
        ("&lt;问题&gt;&#65;&#x4e2d;", "<问题>A中"),
        ("一\r\n\r\n \r\n二", "一\n\n二"),
        ("停\x00电\x0b了\ufeff", "停电了"),
        ("残缺\ud83d字符", "残缺字符"),
    ],
)
def test_texts_are_cleaned_of_markup_and_control_characters(raw, text):
    assert clean(raw) == text


@pytest.mark.parametrize(
    ("raw", "form", "moment"),
    [
        ("20180503", "%Y%m%d", "2018-05-03 00:00"),
        ("2018-05-03", "", "2018-05-03 00:00"),
        ("2018/5/3", "", "2018-05-03 00:00"),
        ("2018.5.3", "", "2018-05-03 00:00"),
        ("2018年5月3日", "", "2018-05-03 00:00"),
        ("2018-05-03 09:30", "", "2018-05-03 09:30"),
        ("2018-05-03T01:30:00+00:00", "", "2018-05-03 09:30"),
    ],
)
def test_dates_are_read_however_they_are_written(raw, form, moment):
    assert parsed(raw, form) == at(moment)


@pytest.mark.parametrize("raw", ["2018-02-30", "昨天", "2018", "2018-05-03 25:00", "18-5-3", "2018050"])
def test_what_is_no_date_is_none(raw):
    assert parsed(raw, "") is None
    assert parsed("20181350", "%Y%m%d") is None
