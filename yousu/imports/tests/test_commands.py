"""``yousu import orders`` as it is typed."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from yousu.base.errors import Refused
from yousu.imports.commands import import_
from yousu.imports.tests.files import order, write_csv
from yousu.tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def reports(settings, tmp_path):
    settings.VAR = tmp_path / "var"


def run(*arguments: str):
    return CliRunner().invoke(import_, ["orders", *arguments])


def test_an_import_tells_what_it_did_and_ends_well_although_rows_were_bad(tmp_path):
    report = tmp_path / "bad.csv"
    path = write_csv(tmp_path / "a.csv", [order(1), order(2, text=""), order(3)])
    done = run(str(path), "--report", str(report))
    assert done.exit_code == 0
    for said in ("读到", "3 行", "2 件", "1 行：诉求内容是空的", "单位 1 个，分类 1 个", "每秒"):
        assert said in done.output
    assert report.exists()
    assert Ticket.objects.count() == 2


def test_a_dry_run_says_what_would_be(tmp_path):
    done = run(str(write_csv(tmp_path / "a.csv", [order(1)])), "--dry-run")
    assert "可导入" in done.output
    assert "需新建" in done.output
    assert not Ticket.objects.exists()


def test_a_missing_file_is_a_sentence(tmp_path):
    done = run(str(tmp_path / "none.csv"))
    assert isinstance(done.exception, Refused)
    assert "没有找到文件" in done.exception.message
