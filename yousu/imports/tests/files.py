"""Made-up exports for the tests: nobody's words but ours."""

from __future__ import annotations

import csv
from pathlib import Path

HEADER = ["order_no", "cat1", "cat2", "cat3", "cat4", "unit", "text", "text_without_operator_note"]
TEXTS = (
    "市民来电反映解放路三号院门前路灯不亮，晚上出行不便，请处理。",
    "市民咨询公交二十路的末班车时间，请答复。",
    "来电反映绿苑小区二号楼水压不足，请供水单位核实。",
)


def order(serial: int, **cells: str) -> list[str]:
    """A row of the Haikou shape, of 3 May 2018 unless told otherwise."""
    row = {
        "order_no": f"20180503{serial:06d}",
        "cat1": "城市管理",
        "cat2": "市政设施",
        "cat3": "路灯",
        "cat4": "路灯不亮",
        "unit": "路灯管理所",
        "text": TEXTS[serial % len(TEXTS)],
        "text_without_operator_note": "",
        **cells,
    }
    return [row[name] for name in HEADER]


def write_csv(path: Path, rows: list[list[str]], encoding: str = "utf-8", header: list[str] | None = None) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([header or HEADER, *rows])
    return path


LETTER_HEADER = ["mail_id", "title", "query", "query_date", "reply", "reply_date", "reply_agency"]


def letter(serial: int, **cells: str) -> list[str]:
    """A row of the mailbox shape: written on 4 January 2021, answered on the 8th."""
    row = {
        "mail_id": f"20210104{serial:03d}",
        "title": "建议增设公交站",
        "query": "<p>您好：</p><p>我们小区&nbsp;离公交站很远，<br>建议增设一站。</p>",
        "query_date": "2021-01-04",
        "reply": "经核实，已列入今年的公交线网优化计划。",
        "reply_date": "2021-01-08",
        "reply_agency": "市交通局",
        **cells,
    }
    return [row[name] for name in LETTER_HEADER]
