"""``yousu catalogue``, ``calendar``, ``staff``, ``rules``: the administration of the ground."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from pathlib import Path

import click
from django.utils import timezone
from rich.table import Table

from yousu.base.console import out
from yousu.base.errors import Refused
from yousu.city import accounts, calendars, directory, rulesets
from yousu.city import catalogue as catalogues
from yousu.city.models import CalendarYear, CatalogueVersion, RuleSet, Staff
from yousu.city.roles import Role
from yousu.city.workdays import SHANGHAI

SHOWN = 20
WEEKDAYS = "一二三四五六日"
HELP = {"help_option_names": ["-h", "--help"]}
FILE = click.Path(path_type=Path)


def moment(at: datetime | None) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if at else ""


def table(*titles: str) -> Table:
    made = Table(header_style="bold", expand=False)
    for title in titles:
        made.add_column(title, overflow="fold")
    return made


# -- catalogue -------------------------------------------------------------------------------------------------------


@click.group(
    help="派单目录：预览、发布、查看版本、导出",
    context_settings=HELP,
    options_metavar="[选项]",
    subcommand_metavar="命令 [参数]…",
)
def catalogue() -> None: ...


@catalogue.command(
    "preview", help="预览：文件与现行目录相比，新增、变更、停用哪些事项，哪些行有误", options_metavar="[选项]"
)
@click.argument("file", metavar="文件", type=FILE)
@click.option("--all", "everything", is_flag=True, help=f"全部列出（否则每类只列前 {SHOWN} 项）")
def preview_catalogue(file: Path, everything: bool) -> None:
    show_preview(catalogues.preview(file), None if everything else SHOWN)


def show_preview(found: catalogues.Preview, most: int | None) -> None:
    against = f"现行第 {found.base} 版" if found.base else "空目录"
    out.print(
        f"与{against}相比：新增 {len(found.added)} 项，变更 {len(found.changed)} 项，停用 {len(found.retired)} 项，"
        f"不变 {len(found.unchanged)} 项；有误 {len(found.bad)} 行。"
    )
    if found.bad:
        bad = table("行", "事项编码", "问题")
        for row in found.bad[:most]:
            bad.add_row(str(row.line), row.code, row.reason)
        out.print(bad)
    if found.changed:
        changed = table("事项编码", "事项", "字段", "原来", "改为")
        for item, changes in found.changed[:most]:
            for change in changes:
                changed.add_row(item.code, item.name, change.label, change.old, change.new)
        out.print(changed)
    for title, items in (("新增", found.added), ("停用", found.retired)):
        if items:
            rows = table(title, "事项", "主办规则", "时限")
            for item in items[:most]:
                rows.add_row(item.code, item.name, item.lead_rule, f"{item.tier} 个工作日")
            out.print(rows)


@catalogue.command(
    "publish", help="发布：文件成为新一版目录，即时生效；已有工单仍按当时的版本", options_metavar="[选项]"
)
@click.argument("file", metavar="文件", type=FILE)
@click.option("--note", metavar="说明", default="", help="版本说明")
@click.option("--skip-bad", is_flag=True, help="略过有误的行（这些事项保持原样）")
@click.option("--yes", is_flag=True, help="不再询问")
def publish_catalogue(file: Path, note: str, skip_bad: bool, yes: bool) -> None:
    found = catalogues.preview(file)
    show_preview(found, SHOWN)
    if found.bad and not skip_bad:
        raise Refused(f"有 {len(found.bad)} 行有误，没有发布。改正后重试，或加 --skip-bad 略过这些行。")
    if not yes and not click.confirm("确认发布？", prompt_suffix=""):
        raise click.Abort
    version = catalogues.publish(found, None, note, allow_bad=skip_bad)
    out.print(f"已发布{version}，共 {version.items.count()} 项。")


@catalogue.command("versions", help="列出各版目录", options_metavar="[选项]")
def catalogue_versions() -> None:
    rows = table("版本", "事项数", "发布时间", "发布人", "说明")
    for version in CatalogueVersion.objects.filter(scope="").select_related("published_by").order_by("number"):
        by = version.published_by.name if version.published_by else "控制台"
        rows.add_row(str(version.number), str(version.items.count()), moment(version.published_at), by, version.note)
    out.print(rows)


@catalogue.command("export", help="导出现行目录（.xlsx 或 .csv），改好后可用 publish 发布", options_metavar="[选项]")
@click.argument("file", metavar="文件", type=FILE)
@click.option("--version", "number", type=int, metavar="版本", help="导出哪一版；不写为现行版")
def export_catalogue(file: Path, number: int | None) -> None:
    chosen = (
        CatalogueVersion.objects.filter(number=number, scope="").first() if number else catalogues.current_version()
    )
    if chosen is None:
        raise Refused(f"没有第 {number} 版目录。" if number else "还没有发布过目录。", code="not_found")
    rows = [list(catalogues.COLUMNS.values()), *catalogues.as_rows(chosen)]
    try:
        write_rows(file, rows)
    except OSError:
        raise Refused(f"文件 {file} 写不进去，请检查文件夹是否存在、是否有写入权限。") from None
    out.print(f"{chosen}共 {len(rows) - 1} 项，已写入 {file}。", markup=False, soft_wrap=True)


def write_rows(file: Path, rows: list[list[str]]) -> None:
    if file.suffix.lower() == ".csv":
        with file.open("w", encoding="utf-8-sig", newline="") as target:
            csv.writer(target).writerows(rows)
    elif file.suffix.lower() == ".xlsx":
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        sheet = book.create_sheet("派单目录")
        for row in rows:
            sheet.append(row)
        book.save(file)
    else:
        raise Refused("请用 .xlsx 或 .csv 作文件名的结尾。")


# -- calendar --------------------------------------------------------------------------------------------------------


@click.group(
    help="工作日历：查看、载入、修改",
    context_settings=HELP,
    options_metavar="[选项]",
    subcommand_metavar="命令 [参数]…",
)
def calendar() -> None: ...


@calendar.command("show", help="查看一年的放假与调休；没有官方日历的年份会明确说明", options_metavar="[选项]")
@click.argument("year", metavar="年份", type=click.IntRange(2000, 2100))
def show_year(year: int) -> None:
    known = CalendarYear.objects.filter(year=year).first()
    if known is None:
        out.print(
            f"[yellow]{year} 年没有官方日历。[/yellow]期限暂按平常的周末计算并标为“暂定”；"
            f"国务院办公厅公布后用 yousu calendar import 录入。"
        )
        return
    days = calendars.days_of(year)
    out.print(f"{year} 年，来源：{known.get_source_display()}，{moment(known.loaded_at)} 录入")
    rows = table("日期", "星期", "安排", "名称")
    for day in days:
        rows.add_row(
            str(day.date), WEEKDAYS[day.date.weekday()], "上班（调休）" if day.is_workday else "放假", day.name
        )
    out.print(rows)


@calendar.command("load", help="载入随软件提供的官方日历；本市改过的年份不动", options_metavar="[选项]")
@click.argument("years", metavar="[年份]…", type=int, nargs=-1)
def load_years(years: tuple[int, ...]) -> None:
    loaded = calendars.load_official(years or None)
    out.print(f"已载入：{_years(loaded)}。" if loaded else "没有载入任何年份。")
    edited = set(CalendarYear.objects.filter(source=CalendarYear.Source.EDITED).values_list("year", flat=True))
    for year in years:
        if year in edited:
            out.print(f"{year} 年由本市录入，保持不动。")
        elif year not in loaded:
            out.print(f"[yellow]{year} 年没有官方日历。[/yellow]")


def _years(years: list[int]) -> str:
    return f"{years[0]}—{years[-1]} 年" if len(years) > 2 else "、".join(f"{year} 年" for year in years)


@calendar.command("set", help="改一天：上班还是休息；这一年随即标为“本市录入”", options_metavar="[选项]")
@click.argument("day", metavar="日期")
@click.option("--work/--off", "works", default=None, help="上班／休息")
@click.option("--name", metavar="名称", default="", help="名称，例如“环湖赛交通管制调休”")
def set_one_day(day: str, works: bool | None, name: str) -> None:
    if works is None:
        raise Refused("请写明 --work（上班）或 --off（休息）。")
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise Refused(f"日期“{day}”无效，应为 年-月-日，例如 2026-10-08。", field="day") from None
    unknown = not CalendarYear.objects.filter(year=wanted.year).exists()
    calendars.set_day(wanted, is_workday=works, name=name)
    out.print(f"{wanted}（星期{WEEKDAYS[wanted.weekday()]}）{'上班' if works else '休息'}。")
    if unknown:
        out.print(
            f"[yellow]{wanted.year} 年原来没有官方日历，现在按本市录入计算，期限不再标为暂定。请把全年的放假安排录全。[/yellow]"
        )


@calendar.command("import", help="录入一年的日历（holiday-cn 格式的 JSON 文件）", options_metavar="[选项]")
@click.argument("file", metavar="文件", type=FILE)
def import_calendar(file: Path) -> None:
    year, days, others = calendars.read_holiday_cn(file)
    calendars.save_year(year, days, CalendarYear.Source.EDITED)
    out.print(f"已录入 {year} 年：{len(days)} 天与平常的周末不同或有名称。")
    if others:
        out.print(f"文件里的 {'、'.join(map(str, others))} 属于其他年份，没有录入；需要时用 yousu calendar set。")


# -- staff -----------------------------------------------------------------------------------------------------------


@click.group(
    help="人员：账号、岗位、密码、锁定、令牌",
    context_settings=HELP,
    options_metavar="[选项]",
    subcommand_metavar="命令 [参数]…",
)
def staff() -> None: ...


def person(username: str) -> Staff:
    found = Staff.objects.filter(username=username).first()
    if found is None:
        raise Refused(f"没有账号“{username}”，用 yousu staff list 查看。", field="username", code="not_found")
    return found


def new_password() -> str:
    return str(click.prompt("新密码", hide_input=True, confirmation_prompt="再输一次", prompt_suffix="："))


@staff.command("list", help="列出账号", options_metavar="[选项]")
@click.option("--role", metavar="岗位", default="", help="只看一个岗位（代码或名称）")
@click.option("--unit", metavar="单位代码", default="", help="只看一个单位")
def list_staff(role: str, unit: str) -> None:
    people = Staff.objects.prefetch_related("roles__unit").order_by("username")
    if role:
        people = people.filter(roles__role=role_named(role))
    if unit:
        people = people.filter(roles__unit__code=unit)
    rows = table("账号", "姓名", "岗位与单位", "状态")
    for one in people.distinct():
        held = "；".join(f"{row.get_role_display()}·{row.unit.short_name}" for row in one.roles.all())
        state = "停用" if not one.is_active else "锁定" if accounts.is_locked(one) else "正常"
        rows.add_row(one.username, one.name, held, state)
    out.print(rows)


@staff.command("roles", help="列出岗位", options_metavar="[选项]")
def list_roles() -> None:
    rows = table("代码", "岗位")
    for value, label in Role.choices:
        rows.add_row(str(value), str(label))
    out.print(rows)


def role_named(text: str) -> str:
    for value, label in Role.choices:
        if text in (value, label):
            return str(value)
    raise Refused(f"没有岗位“{text}”，用 yousu staff roles 查看。", field="role")


@staff.command("add", help="新建账号", options_metavar="[选项]")
@click.argument("username", metavar="账号")
@click.option("--name", metavar="姓名", required=True, help="姓名")
@click.option("--role", "roles", metavar="岗位", required=True, multiple=True, help="岗位，代码或名称，可写多个")
@click.option("--unit", metavar="单位代码", required=True, help="岗位所在的单位")
def add_staff(username: str, name: str, roles: tuple[str, ...], unit: str) -> None:
    wanted = [role_named(role) for role in roles]
    where = directory.current().unit(unit)
    made = accounts.new_account(username, name, new_password(), wanted, where)
    out.print(f"已新建账号 {made.username}（{made.name}，{where.name}）。")


@staff.command("password", help="重设密码（同时解除锁定）", options_metavar="[选项]")
@click.argument("username", metavar="账号")
def reset_password(username: str) -> None:
    accounts.set_password(person(username), new_password())
    out.print(f"账号 {username} 的密码已重设。")


@staff.command("lock", help="停用账号：不能登录，令牌同时失效", options_metavar="[选项]")
@click.argument("username", metavar="账号")
def lock(username: str) -> None:
    accounts.set_active(person(username), False)
    out.print(f"账号 {username} 已停用。")


@staff.command("unlock", help="启用账号，并解除连续输错密码造成的锁定", options_metavar="[选项]")
@click.argument("username", metavar="账号")
def unlock(username: str) -> None:
    accounts.set_active(person(username), True)
    out.print(f"账号 {username} 已启用。")


@staff.command("token", help="发一个接口令牌，只显示这一次", options_metavar="[选项]")
@click.argument("username", metavar="账号")
@click.option("--name", metavar="用途", required=True, help="用途，例如“网格平台对接”")
@click.option(
    "--days",
    metavar="天数",
    default=accounts.TOKEN_DAYS,
    show_default=True,
    type=click.IntRange(1, 3650),
    help="有效天数",
)
def token(username: str, name: str, days: int) -> None:
    made, row = accounts.issue_token(person(username), name, timezone.now(), days)
    out.print(made, markup=False, soft_wrap=True)
    out.print(f"有效期至 {moment(row.expires_at)}。请立即保存，以后无法再看到。")


# -- rules -----------------------------------------------------------------------------------------------------------


@click.group(
    help="规则集：查看版本、导出、发布",
    context_settings=HELP,
    options_metavar="[选项]",
    subcommand_metavar="命令 [参数]…",
)
def rules() -> None: ...


@rules.command("versions", help="列出各版规则及其生效时间", options_metavar="[选项]")
def rule_versions() -> None:
    listed = table("版本", "名称", "生效时间")
    for one in RuleSet.objects.order_by("effective_from", "version"):
        listed.add_row(str(one.version), one.name, moment(one.effective_from))
    out.print(listed)


@rules.command("export", help="把现行规则写成 JSON 文件，作为修改的底稿", options_metavar="[选项]")
@click.argument("file", metavar="文件", type=FILE)
def export_rules(file: Path) -> None:
    body = directory.current().rules_at(timezone.now()).model_dump(mode="json", exclude={"version"})
    file.write_text(json.dumps(body, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    out.print(f"已写入 {file}。")


@rules.command("publish", help="发布一版规则；从指定时间起生效，从不改变已经发生的事", options_metavar="[选项]")
@click.argument("file", metavar="文件", type=FILE)
@click.option("--name", metavar="名称", required=True, help="这一版的名称")
@click.option("--from", "start", metavar="时间", default="", help="生效时间，例如 2026-12-01T00:00；不写则即时生效")
def publish_rules(file: Path, name: str, start: str) -> None:
    now = timezone.now()
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
        begins = datetime.fromisoformat(start).replace(tzinfo=SHANGHAI) if start else now
    except FileNotFoundError:
        raise Refused(f"没有文件 {file}。", field="file") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise Refused(f"{file} 不是有效的 JSON 文件。", field="file") from None
    except ValueError:
        raise Refused("生效时间无效，例如 2026-12-01T00:00。", field="start") from None
    if not isinstance(body, dict):
        raise Refused("规则内容应为 JSON 对象。", field="file")
    made = rulesets.publish(body, name=name, effective_from=begins, by=None, now=now)
    out.print(f"已发布规则第 {made.version} 版“{made.name}”，{moment(made.effective_from)} 起生效。")
