"""Which catalogue items a text is about."""

from __future__ import annotations

import csv
import time
from functools import cache

import pytest

from yousu.city.loading import DATA
from yousu.city.models import CatalogueItem
from yousu.tickets.suggest import Suggester, own_words

COLUMNS = ("code", "level1", "level2", "level3", "level4", "name", "keywords", "description")

# What a citizen may say, and an item that a good operator would choose. Made up for this test.
SAID = [
    ("暖气片冰凉，家里只有十五度，供热公司一直不来人", "供暖温度不达标"),
    ("马路上有个井盖没了，晚上走路差点掉下去", "井盖缺失破损"),
    ("楼下广场舞的音响声音太大，老人休息不好", "广场舞与音响噪声"),
    ("老板拖欠我们三个月工资不给", "企业拖欠克扣工资"),
    ("物业乱收停车费，没有公示", "小区停车位管理与收费"),
    ("楼道里给电动车飞线充电，很危险", "飞线充电与电动车进楼"),
    ("家里突然停水了，什么时候来水", "停水与水压不足"),
    ("闻到很浓的煤气味，怀疑燃气漏了", "燃气泄漏"),
    ("健身房关门跑路，会员卡退不了", "预付卡退费与商家跑路"),
    ("路灯坏了好几天没人修", "路灯不亮与增设"),
    ("工地半夜还在施工，噪音大", "建筑施工夜间噪声"),
    ("想咨询异地就医怎么备案报销", "异地就医备案与结算"),
    ("孩子上小学，学区划分怎么查", "义务教育入学与学区划分"),
    ("垃圾桶满了没人清运，臭得很", "道路与公共区域垃圾清运"),
    ("小区电梯又困人了", "电梯困人"),
    ("出租车拒载还绕路", "出租车拒载绕路与服务"),
    ("有人在消防通道上停车", "占用消防通道停车"),
    ("办身份证需要带什么材料", "身份证补换领"),
    ("有人往河里排污水，水都黑了", "河道水体排污"),
    ("养老金这个月没有到账", "养老金资格认证与停发"),
    ("渣土车沿路遗撒，尘土很大", "渣土车遗撒与带泥上路"),
]


@cache
def suggester() -> Suggester:
    with (DATA / "xining" / "catalogue.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return Suggester(CatalogueItem(**{name: row[name] for name in COLUMNS}) for row in rows)


@pytest.mark.parametrize(("text", "wanted"), SAID)
def test_the_item_a_good_operator_would_choose_is_among_the_first_three(text: str, wanted: str):
    assert wanted in [one.item.name for one in suggester().suggest(text, 3)]


def test_at_least_eighty_percent_of_the_sayings_have_it_first():
    first = [suggester().suggest(text, 1)[0].item.name == wanted for text, wanted in SAID]
    assert sum(first) >= 0.8 * len(SAID)


def test_a_suggestion_says_which_words_spoke_for_it():
    best = suggester().suggest("楼道里给电动车飞线充电", 1)[0]
    assert best.hits == ("飞线充电", "电动车", "楼道")


def test_a_text_that_says_nothing_gets_no_suggestion():
    assert suggester().suggest("您好，请问", 5) == []
    assert suggester().suggest("", 5) == []


def test_what_a_description_sends_elsewhere_does_not_draw_texts():
    assert own_words("购房资格、补贴和政策，贷款利率转金融。") == "购房资格、补贴和政策，"
    assert "网络诈骗" not in own_words("信息技术应用和服务方面的反映，不含网络诈骗和通信资费。")


def test_a_suggestion_is_made_while_one_types():
    text = "小区楼道里有人给电动车飞线充电，上下两层都拉了线，晚上很危险，请尽快处理。" * 10
    suggester().suggest(text, 5)
    start = time.perf_counter()
    for _ in range(10):
        suggester().suggest(text, 5)
    assert (time.perf_counter() - start) / 10 < 0.05
