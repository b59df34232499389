"""Mapping files: what is wrong with one is said in words."""

from __future__ import annotations

import pytest

from yousu.base.errors import Refused
from yousu.imports.mapping import read, shipped

GOOD = """
label = "旧平台"
source = "old"
scope = "old"
tier = 7
state = "registered"
[fields]
external_id = "编号"
content = "内容"
registered = [{ column = "日期" }]
"""


def of(tmp_path, text: str):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return read(path)


def test_the_shipped_mappings_are_good():
    assert {name: read(path).source for name, path in shipped().items()} == {
        "haikou12345": "haikou12345",
        "shangluo": "shangluo-mailbox",
    }


def test_a_mapping_names_the_columns_it_needs(tmp_path):
    assert of(tmp_path, GOOD).columns() == {"编号", "内容", "日期"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("tier = 7", ""), "“tier”有误：必填"),
        (("tier = 7", "tier = 7\ncolour = 1"), "colour"),
        (("tier = 7", "tier ="), "第 5 行不符合 TOML"),
        (('state = "registered"', 'state = "closed"'), "须写明答复列"),
        (('scope = "old"', 'scope = "../old"'), "“scope”有误"),
        (("[fields]", '[units]\npattern = "("\n[fields]'), "正则表达式有误"),
        (("[fields]", '[units]\nunknown = "create"\n[fields]'), "units.root"),
    ],
)
def test_a_mistake_in_a_mapping_is_named(tmp_path, change, said):
    with pytest.raises(Refused, match=said.replace(".", r"\.")):
        of(tmp_path, GOOD.replace(*change))


def test_a_mapping_that_is_missing_is_refused(tmp_path):
    with pytest.raises(Refused, match="打不开"):
        read(tmp_path / "none.toml")
