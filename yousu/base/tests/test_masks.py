"""What is masked in a free text, and what must stay readable."""

from __future__ import annotations

import pytest

from yousu.base.masks import mask_address, mask_email, mask_id, mask_name, mask_phone, mask_text

PERSONAL = [
    ("请致电13912345678。", "请致电139****5678。"),
    ("电话 139-1234-5678", "电话 139****5678"),
    ("电话 139 1234 5678", "电话 139****5678"),
    ("电话1391 234 5678", "电话139****5678"),
    ("+8613912345678", "139****5678"),
    ("0086-13912345678", "139****5678"),
    ("１３９１２３４５６７８", "139****5678"),
    ("座机0971-8247123", "座机097****7123"),
    ("座机(0971)8247123", "座机097****7123"),
    ("身份证63010219900307123X，", "身份证6301**********3X，"),
    ("身份证630102199003071234", "身份证6301**********34"),
    ("身份证 630102 19900307 1234", "身份证 6301**********34"),
    ("６３０１０２１９９００３０７１２３Ｘ", "6301**********3X"),
    ("卡号4111111111111111", "卡号4111**********11"),
    ("卡号4111 1111 1111 1111", "卡号4111**********11"),
]
PUBLIC = [
    "请拨打12345热线或12315。",
    "客服400-860-1234、95598",
    "2026年10月8日17:00前，3号楼2单元",
    "工单260907-000012-6",
    "订单202610081234567",
    "订单2026100812345678",
    "费用1234567890元",
    "车牌青A12345",
    "公交1路、3路、59路",
    "３号楼２单元",
    "",
    "🔥🔥 很热",
]


@pytest.mark.parametrize(("text", "masked"), PERSONAL)
def test_numbers_that_identify_a_person_are_masked(text, masked):
    assert mask_text(text) == masked


@pytest.mark.parametrize("text", PUBLIC)
def test_numbers_that_identify_nobody_stay(text):
    assert mask_text(text) == text


@pytest.mark.parametrize(("text", "_"), PERSONAL)
def test_masking_twice_changes_nothing_more(text, _):
    assert mask_text(mask_text(text)) == mask_text(text)


def test_the_names_given_are_masked_wherever_they_stand():
    assert mask_text("王小明说，王小明的邻居李四占道。", ("王小明",)) == "王**说，王**的邻居李四占道。"
    assert mask_text("欧阳娜娜来电", ("欧阳娜娜",)) == "欧***来电"


def test_a_name_of_one_character_or_a_word_for_nobody_is_left_in_the_text():
    assert mask_text("王府井的市民来电，市民反映", ("王",)) == "王府井的市民来电，市民反映"
    assert mask_text("市民来电", ("市民",)) == "市民来电"


def test_the_masks_of_single_fields():
    assert mask_phone("13912345678") == "139****5678"
    assert mask_phone("8247123") == "82****23"
    assert (mask_phone("110"), mask_phone("")) == ("****", "")
    assert (mask_name("王小明"), mask_name("李"), mask_name("")) == ("王**", "李*", "")
    assert mask_id("63010219900307123X") == "6301**********3X"
    assert (mask_id("G123456"), mask_id("")) == ("****", "")
    assert mask_address("夏都大街12号3号楼２单元401") == "夏都大街*号*号楼*单元*"
    assert mask_email("wang@example.com") == "w***@example.com"
