"""``make screenshots``: every page, at a desk and on a phone, from a populated demo city, into ``var/screenshots``.

The few that the README and the docs show go to ``docs/images``.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from tests.browser import DESK, PHONE, browser, sign_in
from tests.platform import ROOT, Running, running
from yousu.base.console import prepare

OUT = ROOT / "var" / "screenshots"
SHOWN = {"paidan1-worklist-desk": "worklist", "paidan1-ticket-desk": "ticket", "huawu1-register-desk": "register"}
PEOPLE = ("huawu1", "paidan1", "chengdong", "huifang1", "duban1", "lingdao1", "sysadmin")


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    prepare(start=False)
    from yousu.demo import PASSWORD

    with running("screenshots", days=14, per_day=300) as platform, browser() as chromium:
        for size, label in ((DESK, "desk"), (PHONE, "phone")):
            context = chromium.new_context(viewport=size)  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(f"{platform.url}/login/")
            shoot(page, f"login-{label}")
            context.close()
            for username in PEOPLE:
                context, page = sign_in(chromium, platform.url, username, PASSWORD, size)
                desk(page, platform, username, label)
                context.close()
    images = ROOT / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    for name, shown in SHOWN.items():
        (images / f"{shown}.png").write_bytes((OUT / f"{name}.png").read_bytes())


def desk(page: Page, platform: Running, username: str, label: str) -> None:
    """A person's worklist, their first ticket, search, and for an operator the registration form."""
    page.goto(f"{platform.url}/")
    shoot(page, f"{username}-worklist-{label}")
    first = page.locator("a[href^='/tickets/']").first
    if first.count():
        page.goto(platform.url + str(first.get_attribute("href")))
        shoot(page, f"{username}-ticket-{label}")
    page.goto(f"{platform.url}/search/?q=暖气")
    shoot(page, f"{username}-search-{label}")
    if username == "huawu1":
        page.goto(f"{platform.url}/register/")
        page.fill("textarea[name=content]", "市民来电反映小区暖气不热，室内只有十四度，家里有老人。")
        page.wait_for_timeout(1200)
        shoot(page, f"{username}-register-{label}")


def shoot(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(Path(OUT) / f"{name}.png"))


if __name__ == "__main__":
    main()
