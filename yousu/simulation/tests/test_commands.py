from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner
from django.utils import timezone

from yousu.base.errors import Refused
from yousu.simulation.commands import simulate
from yousu.tickets.models import Ticket

pytestmark = pytest.mark.django_db


def test_two_days_are_simulated_and_summed_up_in_chinese():
    done = CliRunner().invoke(simulate, ["--from", "2025-03-03", "--days", "2", "--per-day", "20", "--seed", "x"])
    assert done.exit_code == 0, done.output
    assert f"工单 {Ticket.objects.count()} 件" in done.output
    assert "被规则拦下的动作 0 次" in done.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--from", "2025-13-01"], "日期“2025-13-01”无效"),
        (["--from", "昨天"], "应为 年-月-日"),
        (["--from", "2025-03-03", "--days", "0"], "天数应在 1 到"),
        (["--from", "2025-03-03", "--per-day", "0"], "每天件数应在 1 到"),
        (["--from", "1999-12-31"], "2000 年以后"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused_with_a_sentence(arguments, sentence):
    done = CliRunner().invoke(simulate, arguments)
    assert isinstance(done.exception, Refused)
    assert sentence in str(done.exception)
    assert Ticket.objects.count() == 0


def test_the_future_is_not_simulated():
    today = timezone.localdate()
    done = CliRunner().invoke(simulate, ["--from", str(today - timedelta(days=1)), "--days", "3"])
    assert isinstance(done.exception, Refused)
    assert "晚于今天" in str(done.exception)
