"""Tables that people hand over: CSV in UTF-8 or GB18030, or XLSX, read row by row. A broken row costs only itself."""

from __future__ import annotations

import csv
import itertools
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from yousu.base.errors import Refused

ENCODINGS = {"utf-8-sig": "UTF-8", "gb18030": "GB18030", "utf-16": "UTF-16"}
# A file of which more than this share of lines cannot be read is in neither encoding.
MOST_BROKEN = 0.2


@dataclass(frozen=True)
class Row:
    """``line`` is where the row starts in the file, from 1. ``problem`` is a sentence when the row cannot be read."""

    line: int
    values: list[str]
    problem: str = ""


@dataclass(frozen=True)
class Table:
    path: Path
    kind: str
    header: list[str]

    @property
    def words(self) -> str:
        return "XLSX" if self.kind == "xlsx" else f"CSV（{ENCODINGS[self.kind]}）"

    def lines(self) -> int:
        """About how many lines there are, for a progress bar."""
        if self.kind == "xlsx":
            return sum(1 for _ in _xlsx_rows(self.path))
        with self.path.open("rb") as file:
            return sum(1 for _ in file)

    def rows(self) -> Iterator[Row]:
        """Every row below the header that is not blank."""
        source = _xlsx_rows(self.path) if self.kind == "xlsx" else _csv_rows(self.path, self.kind)
        filled = (row for row in source if row.problem or any(value.strip() for value in row.values))
        for row in itertools.islice(filled, 1, None):
            yield row if row.problem else self._fitted(row)

    def _fitted(self, row: Row) -> Row:
        width = len(self.header)
        values = row.values
        while len(values) > width and not values[-1].strip():
            values = values[:-1]
        if len(values) > width:
            return Row(row.line, values, f"有 {len(values)} 列，表头只有 {width} 列")
        if len(values) < width and self.kind != "xlsx":
            return Row(row.line, values, f"只有 {len(values)} 列，表头有 {width} 列")
        return Row(row.line, values + [""] * (width - len(values)))


def open_table(path: Path) -> Table:
    """The table in ``path``, its encoding found out. ``Refused`` says what is wrong with the file as a whole."""
    if not path.exists():
        raise Refused(f"没有找到文件 {path}，请核对路径。", code="not_found")
    if path.is_dir():
        raise Refused(f"{path} 是文件夹，请指定其中的一个文件。")
    try:
        with path.open("rb") as file:
            opening = file.read(4096)
    except OSError:
        raise Refused(f"文件 {path} 打不开，请检查读取权限。") from None
    if not opening.strip():
        raise Refused(f"文件 {path.name} 是空的。")
    kind = _kind(path, opening)
    source = _xlsx_rows(path) if kind == "xlsx" else _csv_rows(path, kind)
    first = next((row for row in source if row.problem or any(value.strip() for value in row.values)), None)
    if first is None:
        raise Refused(f"文件 {path.name} 是空的。")
    if first.problem:
        raise Refused(f"文件 {path.name} 的表头无法读取：{first.problem}。")
    header = [value.strip() for value in first.values]
    while header and not header[-1]:
        header.pop()
    return Table(path, kind, header)


def _kind(path: Path, opening: bytes) -> str:
    if opening.startswith(b"PK\x03\x04"):
        return "xlsx"
    if opening.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused(f"{path.name} 是旧版 Excel（.xls）文件，请另存为 .xlsx 或 CSV 后再导入。")
    if opening.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in opening.rstrip(b"\x00") and opening.count(b"\x00") > len(opening) // 10:
        raise Refused(f"{path.name} 不是表格文件，请提供 CSV 或 XLSX。")
    return _encoding(path)


def _encoding(path: Path) -> str:
    """UTF-8 or GB18030, whichever leaves fewer lines unreadable (neither uses the byte of a line's end inside a character)."""
    lines, broken = 0, {"utf-8-sig": 0, "gb18030": 0}
    with path.open("rb") as file:
        for line in file:
            lines += 1
            if line.isascii():
                continue
            for encoding in broken:
                try:
                    line.decode(encoding)
                except UnicodeDecodeError:
                    broken[encoding] += 1
    best = min(broken, key=lambda encoding: broken[encoding])
    if broken[best] > max(1, lines * MOST_BROKEN):
        raise Refused(f"{path.name} 的文字编码既不是 UTF-8 也不是 GB18030，请另存为其中之一再导入。")
    return best


class _Lines:
    """The lines of a text file, with those of the present record kept so that they can be read again."""

    def __init__(self, file: Iterator[str]) -> None:
        self.file = file
        self.again: list[str] = []
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.again.pop() if self.again else next(self.file)
        self.taken.append(line)
        return line


def _csv_rows(path: Path, encoding: str) -> Iterator[Row]:
    """Rows of a CSV file. A quote that is never closed swallows the lines after it: they are given back and read anew."""
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        lines = _Lines(iter(file))
        reader = csv.reader(lines)
        line, width = 1, 0
        while True:
            lines.taken = []
            problem, values = "", []
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problem = "有一格超过 131072 个字符" if "field larger" in str(error) else "格式有误"
            taken = lines.taken
            if len(taken) > 1 and (problem or (width and len(values) != width) or _odd_quotes(taken)):
                lines.again += reversed(taken[1:])
                problem, values = "双引号没有成对，无法分清各列", [taken[0].rstrip("\r\n")]
                taken = taken[:1]
                reader = csv.reader(lines)
            elif not problem and _undecoded(taken):
                problem = f"含有不是 {ENCODINGS[encoding]} 的字节"
            yield Row(line, values or [part.rstrip("\r\n")[:1000] for part in taken[:1]], problem)
            width = width or len(values)
            line += len(taken)


def _odd_quotes(lines: list[str]) -> bool:
    return sum(line.count('"') for line in lines) % 2 == 1


def _undecoded(lines: list[str]) -> bool:
    try:
        for line in lines:
            line.encode()  # bytes that could not be read stand as lone surrogates, which nothing encodes
    except UnicodeEncodeError:
        return True
    return False


def _xlsx_rows(path: Path) -> Iterator[Row]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError):
        raise Refused(f"{path.name} 不是完整的 XLSX 文件，请重新导出。") from None
    try:
        for line, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
            yield Row(line, [_plain(value) for value in cells])
    finally:
        book.close()


def _plain(value: Any) -> str:
    """A cell as text: whole numbers without a decimal point, dates as ``2026-10-08`` or ``2026-10-08 09:30:00``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else str(value)
