"""Masks (脱敏): what a person sees of personal data until they give a reason. Pure functions."""

from __future__ import annotations

import re

# Mobile numbers (11 digits, 1[3-9]), landlines with area code, resident identity numbers (18, GB 11643), bank cards (16–19).
_NUMBERS = re.compile(
    r"(?<!\d)(?:\d{17}[\dXx]|1[3-9]\d(?:[-\s]?\d{4}){2}|0\d{2,3}[-\s]?\d{7,8}|\d{16,19})(?!\d)",
    re.ASCII,
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
    """A free text without the numbers that identify a person, and without ``names`` (of two characters or more)."""
    text = _NUMBERS.sub(lambda m: mask_phone(re.sub(r"[-\s]", "", m.group())), text)
    for name in names:
        if len(name) >= 2:
            text = text.replace(name, mask_name(name))
    return text
