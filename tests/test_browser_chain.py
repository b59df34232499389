"""One ticket through the whole chain in a real browser, as five different people, on a platform started as `yousu serve`."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import DESK, PHONE, browser, chromium, sign_in
from tests.platform import Running, running
from yousu.demo import PASSWORD

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="no Chromium on this machine: install it to run the browser tests"),
]

TEXT = "市民来电反映八一路街道康南社区3号楼楼道内电动车飞线充电，多次劝阻无效，电话13900008888，请尽快处理。"


def call_at_any_hour(platform: Running) -> None:
    """A second rule set whose callback slot is the whole day: the test must pass at night, too."""
    with psycopg.connect(
        f"postgresql://yousu@/yousu?host={platform.home}/pg/run", options="-c search_path=xining"
    ) as db:
        db.execute(
            "INSERT INTO city_ruleset (version, name, effective_from, body, created_at) SELECT 2, '全天回访', now(), "
            'jsonb_set(body, \'{callback,slots}\', \'[{"start": "00:00:00", "end": "23:59:59.999999"}]\'), now() '
            "FROM city_ruleset WHERE version = 1"
        )
        db.execute("UPDATE city_stamp SET value = value + 1")


def picture(path: Path) -> Path:
    """A small real PNG."""
    rows = b"".join(b"\x00" + bytes((30, 90, 160)) * 32 for _ in range(32))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )
    return path


class Desk:
    """One person at their own browser."""

    def __init__(self, chromium: Browser, platform: Running, username: str, size: dict[str, int] = DESK) -> None:
        self.context, self.page = sign_in(chromium, platform.url, username, PASSWORD, size)
        self.url = platform.url
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("response", lambda r: self.errors.append(f"{r.status} {r.url}") if r.status >= 500 else None)

    def open(self, number: str) -> Page:
        self.page.goto(f"{self.url}/tickets/{number}/")
        return self.page

    def offered(self) -> set[str]:
        return set(self.page.locator("[data-verb]").evaluate_all("all => all.map(one => one.dataset.verb)"))

    def act(self, verb: str) -> Page:
        self.page.locator(f"[data-verb={verb}]").first.click()
        return self.page

    def submit(self, verb: str, said: str) -> None:
        """Send the open form and wait for what the page says happened."""
        self.page.locator(f"[data-verb-form={verb}] button[type=submit]").click()
        self.hears(said)

    def hears(self, said: str) -> None:
        expect(self.page.locator("#toasts")).to_contain_text(said, timeout=15_000)

    def choose(self, name: str, typed: str, option: str) -> None:
        """Pick from a searchable field: type, wait for the list, click the option."""
        box = self.page.locator(f"[name={name}] + .ts-wrapper")
        box.locator(".ts-control").click()
        box.locator("input").fill(typed)
        box.locator(".ts-dropdown .option", has_text=option).first.click(timeout=10_000)

    def leave(self) -> None:
        assert self.errors == []
        self.context.close()


def test_one_ticket_through_the_whole_chain_as_five_people(tmp_path):
    with running("browser") as platform, browser() as chromium:
        call_at_any_hour(platform)
        number = operator_registers(chromium, platform)
        dispatcher_dispatches(chromium, platform, number)
        district_signs_and_sends_down(chromium, platform, number)
        street_replies_on_a_phone(chromium, platform, number, tmp_path)
        district_consolidates(chromium, platform, number)
        callback_closes(chromium, platform, number)
        whole_story(chromium, platform, number)
        assert "断裂 0 张" in platform.command("audit", "verify", "--ticket", number)


def operator_registers(chromium: Browser, platform: Running) -> str:
    desk = Desk(chromium, platform, "huawu1")
    page = desk.page
    page.goto(f"{platform.url}/register/")
    page.fill("[name=caller_phone]", "13900008888")
    page.fill("[name=caller_name]", "陈测试")
    page.fill("textarea[name=content]", TEXT)
    suggestion = page.locator("#suggestions, [data-suggestions]").get_by_text("飞线充电与电动车进楼")
    expect(suggestion.first).to_be_visible(timeout=10_000)
    page.get_by_role("button", name="采用").first.click()
    desk.choose("area", "八一路", "八一路街道")
    page.fill("[name=address]", "康南小区3号楼")
    page.get_by_role("button", name="登记", exact=True).click()
    page.wait_for_url("**/tickets/**")
    number = page.url.rstrip("/").rsplit("/", 1)[1]
    content = page.content()
    assert "13900008888" not in content and "陈测试" not in content
    assert "139****8888" in content and "陈**" in content
    assert "dispatch" not in desk.offered() and "answer" in desk.offered()
    desk.leave()
    return number


def dispatcher_dispatches(chromium: Browser, platform: Running, number: str) -> None:
    desk = Desk(chromium, platform, "paidan1")
    desk.page.goto(f"{platform.url}/")
    desk.page.locator(f"a[href='/tickets/{number}/']").first.click()
    desk.act("dispatch")
    desk.choose("lead", "城东区", "城东区")
    desk.page.fill("[data-verb-form=dispatch] [name=advice]", "请组织街道现场核实。")
    desk.submit("dispatch", "派单")
    expect(desk.page.locator("body")).to_contain_text("城东区")
    desk.leave()


def district_signs_and_sends_down(chromium: Browser, platform: Running, number: str) -> None:
    desk = Desk(chromium, platform, "chengdong")
    desk.page.goto(f"{platform.url}/")
    desk.page.locator(f"a[href='/tickets/{number}/']").first.click()
    desk.act("sign")
    desk.hears("签收")
    desk.act("sub_dispatch")
    desk.choose("unit", "八一路", "八一路街道")
    desk.submit("sub_dispatch", "下派")
    desk.leave()


def street_replies_on_a_phone(chromium: Browser, platform: Running, number: str, folder: Path) -> None:
    desk = Desk(chromium, platform, "bayilu", PHONE)
    desk.page.goto(f"{platform.url}/")
    desk.page.locator(f"a[href='/tickets/{number}/']").locator("visible=true").first.click()
    desk.act("sign")
    desk.hears("签收")
    desk.act("record_contact")
    desk.page.fill("[data-verb-form=record_contact] [name=note]", "已电话联系，约定下午到现场。")
    desk.submit("record_contact", "联系")
    desk.act("reply")
    desk.page.fill("[data-verb-form=reply] [name=text]", "已到现场，清理飞线2处，联系物业增设充电桩，市民表示认可。")
    desk.page.set_input_files("[data-verb-form=reply] input[type=file]", picture(folder / "整改后.png"))
    desk.submit("reply", "答复")
    wide = desk.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page must not scroll sideways on a phone"
    desk.leave()


def district_consolidates(chromium: Browser, platform: Running, number: str) -> None:
    desk = Desk(chromium, platform, "chengdong")
    desk.open(number)
    assert "reply" not in desk.offered()
    desk.act("consolidate")
    desk.page.fill("[data-verb-form=consolidate] [name=text]", "街道已清理飞线并协调物业增设充电桩。")
    desk.submit("consolidate", "汇总答复")
    desk.leave()


def callback_closes(chromium: Browser, platform: Running, number: str) -> None:
    desk = Desk(chromium, platform, "huifang1")
    desk.page.goto(f"{platform.url}/")
    desk.page.locator(f"a[href='/tickets/{number}/']").first.click()
    desk.act("call_back")
    form = desk.page.locator("[data-verb-form=call_back]")
    form.locator("[name=connected][value=yes]").check()
    form.locator("button[type=submit]").click()
    expect(form).to_contain_text("接通后请选择满意度")
    form = desk.page.locator("[data-verb-form=call_back]")
    form.locator("[name=solved][value=yes]").check()
    form.locator("[name=satisfaction][value=satisfied]").check()
    desk.submit("call_back", "回访")
    expect(desk.page.locator("body")).to_contain_text("已办结")
    desk.leave()


def whole_story(chromium: Browser, platform: Running, number: str) -> None:
    """The timeline tells it all, in Chinese; the picture is there; the other district sees nothing."""
    desk = Desk(chromium, platform, "huawu1")
    page = desk.open(number)
    body = page.locator("main").inner_text()
    for word in ("受理", "派单", "签收", "下派", "联系", "汇总", "回访", "满意"):
        assert word in body, word
    for code in ("registered", "dispatched", "signed", "None", "assignment."):
        assert code not in body, code
    image = page.locator("img[src*='/files/']").first
    expect(image).to_be_visible()
    assert image.evaluate("one => one.naturalWidth") == 32
    desk.leave()
    stranger = Desk(chromium, platform, "chengbei")
    answer = stranger.page.goto(f"{platform.url}/tickets/{number}/")
    assert answer is not None and answer.status == 404
    stranger.leave()
