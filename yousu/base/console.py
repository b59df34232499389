"""What every console command needs before it runs: the database's address, Django, and the embedded server if it serves."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from rich.console import Console

from yousu.base.errors import Refused

out = Console(highlight=False)
complaints = Console(stderr=True, highlight=False)
ROOT = Path(__file__).resolve().parent.parent.parent


class ChineseHelp(click.HelpFormatter):
    """click's help, in Chinese."""

    SECTIONS = {"Options": "选项", "Commands": "命令", "Arguments": "参数"}
    WORDS = {
        "Show this message and exit.": "显示帮助",
        "[default: ": "[默认：",
        "[required]": "[必填]",
        "; required]": "；必填]",
    }

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(
            prog, args.replace("[OPTIONS]", "[选项]").replace("COMMAND [ARGS]...", "命令 [参数]…"), "用法："
        )

    @contextlib.contextmanager
    def section(self, name: str) -> Iterator[None]:
        with super().section(self.SECTIONS.get(name, name)):
            yield

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        said = []
        for term, text in rows:
            for english, chinese in self.WORDS.items():
                text = text.replace(english, chinese)
            said.append((term, text))
        super().write_dl(said, col_max, col_spacing)


click.Context.formatter_class = ChineseHelp


class CityGroup(click.Group):
    """Commands of the rooms, loaded when asked for: ``name → (module:attribute, one line of help)``."""

    def __init__(self, *args: object, rooms: dict[str, tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.rooms = rooms

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.rooms, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.rooms:
            return super().get_command(ctx, name)
        prepare(start="--help" not in sys.argv)
        module, _, attribute = self.rooms[name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = [(name, (self.commands[name].get_short_help_str(80))) for name in super().list_commands(ctx)]
        lazy = [(name, text) for name, (_, text) in self.rooms.items()]
        with formatter.section("命令"):
            formatter.write_dl(sorted(own + lazy))


def var() -> Path:
    return Path(os.environ.get("YOUSU_VAR", ROOT / "var"))


def prepare(start: bool = True) -> None:
    """Name the database, start the embedded server if no DATABASE_URL is given and ``start``, and set Django up."""
    from yousu.base.embedded import Embedded

    if "DATABASE_URL" not in os.environ:
        embedded = Embedded(var() / "pg")
        os.environ["DATABASE_URL"] = embedded.hold() if start else embedded.url()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yousu.settings")
    import django

    django.setup()


def guarded(main: click.Group) -> None:
    """Run the console; a refusal or a missing database is a sentence and exit code 1, never a traceback."""
    from psycopg import OperationalError

    from yousu.base.embedded import EmbeddedError

    try:
        main(prog_name="yousu", standalone_mode=False)
    except click.exceptions.Abort:
        complaints.print("已取消。")
        sys.exit(130)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        complaints.print(f"[red]{_in_chinese(error)}[/red]")
        complaints.print("用 yousu --help 查看用法。")
        sys.exit(2)
    except (Refused, EmbeddedError) as error:
        complaints.print(f"[red]{error}[/red]")
        sys.exit(1)
    except Exception as error:
        if isinstance(error, OperationalError) or isinstance(error.__cause__, OperationalError):
            complaints.print("[red]连不上数据库，请检查 DATABASE_URL 和数据库服务，或运行 yousu doctor。[/red]")
            sys.exit(1)
        raise


def _in_chinese(error: click.ClickException) -> str:
    if isinstance(error, click.exceptions.NoSuchOption):
        return f"没有选项 {error.option_name}。"
    if isinstance(error, click.exceptions.MissingParameter):
        return f"缺少参数 {error.param.opts[0] if error.param else ''}。"
    if isinstance(error, click.exceptions.BadParameter):
        message = "应为整数" if "not a valid integer" in error.message else error.message
        return f"参数 {error.param.opts[0] if error.param else ''} 无效：{message}"
    message = error.format_message()
    if message.startswith("No such command"):
        return f"没有命令 {message.split(chr(39))[1]}。" if "'" in message else "没有这个命令。"
    return message
