"""Masks (脱敏): what a person sees of personal data until they give a reason. Pure functions."""

from __future__ import annotations

import re
import unicodedata

# Groups stand apart by one space or dash.
_GAP = r"[-\s－—]?"
_NUMBERS = re.compile(
    rf"""(?<!\d)(?:(?:\+|00)?86{_GAP})?(?:
        (?P<mobile>1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}} | 1[3-9]\d\d{_GAP}\d{{3}}{_GAP}\d{{4}})
      | (?P<landline>[(（]?0\d{{2,3}}[)）]?{_GAP}\d{{7,8}})
      | (?P<identity>\d{{6}}{_GAP}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]){_GAP}\d{{3}}[\dXx])
      | (?P<card>\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{0,3}})
    )(?!\d)""",
    re.VERBOSE,
)
_OTHER_DIGITS = re.compile(r"[０-９Ｘｘ]")
# What stands in the name field when nobody gave a name: no name, and too common a word to mask.
_NOBODY = frozenset(
    {"市民", "居民", "村民", "群众", "业主", "匿名", "先生", "女士", "不详", "未知", "无名", "热心市民"}
)


def mask_phone(phone: str) -> str:
    """``13812345678`` → ``138****5678``; shorter numbers keep two digits at each end."""
    if len(phone) >= 11:
        return f"{phone[:3]}****{phone[-4:]}"
    return f"{phone[:2]}****{phone[-2:]}" if len(phone) > 4 else "****" if phone else ""


def mask_name(name: str) -> str:
    """``王小明`` → ``王**``."""
    return name[:1] + "*" * max(1, len(name) - 1) if name else ""


def mask_id(number: str) -> str:
    return f"{number[:4]}**********{number[-2:]}" if len(number) > 8 else "****" if number else ""


def mask_address(address: str) -> str:
    """House, building and room numbers become asterisks; the road and the estate stay."""
    return re.sub(r"[0-9０-９]+", "*", address)


def mask_email(email: str) -> str:
    name, at, host = email.partition("@")
    return f"{name[:1]}***{at}{host}" if at else mask_name(email)


def mask_text(text: str, names: tuple[str, ...] = ()) -> str:
    """A free text without the numbers that identify a person, and without ``names`` (of two characters or more).

    Masked: mobiles and landlines with area code, resident identity numbers (GB 11643: 18 places with a date of birth in
    them), bank cards (16–19 digits that pass the Luhn check). Service numbers, times and order numbers stay.
    """
    plain = _OTHER_DIGITS.sub(_ascii, text)  # full-width digits are typed every day; place for place the same
    parts, end = [], 0
    for found in _NUMBERS.finditer(plain):
        if (mask := _mask_of(found)) is not None:
            parts += [text[end : found.start()], mask]
            end = found.end()
    text = "".join([*parts, text[end:]]) if parts else text
    for name in names:
        if len(name) >= 2 and name not in _NOBODY:
            text = text.replace(name, mask_name(name))
    return text


def _ascii(character: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", character.group())[0]


def _mask_of(found: re.Match[str]) -> str | None:
    """None when the digits identify nobody after all."""
    bare = re.sub(r"[^\dXx]", "", found.group(found.lastgroup or 0))
    if found["identity"]:
        return mask_id(bare)
    if found["card"]:
        return mask_id(bare) if _luhn(bare) else None
    return mask_phone(bare)


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1."""
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
