"""Personal data at rest: SM4-GCM (GB/T 32907, GB/T 36624) with the key's id in the value; equality search by HMAC-SM3 (GB/T 32905).

A sealed value is opened on purpose only: ``Sealed.open()``. Printing, logging or serialising one shows asterisks.
"""

from __future__ import annotations

import base64
import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from yousu.base.files import private_file

NONCE_BYTES = 12
TAG_BYTES = 16


@dataclass(frozen=True)
class KeyRing:
    """``current`` names the key that seals; every key opens; ``search`` is the HMAC key. Keys: 16 bytes; search: 32."""

    current: str
    keys: dict[str, bytes]
    search: bytes

    @classmethod
    def from_json(cls, text: str) -> KeyRing:
        raw = json.loads(text)
        ring = cls(raw["current"], {k: bytes.fromhex(v) for k, v in raw["keys"].items()}, bytes.fromhex(raw["search"]))
        if any(len(key) != 16 for key in ring.keys.values()) or len(ring.search) < 32 or ring.current not in ring.keys:
            raise ImproperlyConfigured(
                "密钥文件有误：SM4 密钥须为 16 字节，检索密钥不少于 32 字节，current 须是其中之一。"
            )
        return ring

    @staticmethod
    def fresh() -> str:
        return json.dumps({"current": "k1", "keys": {"k1": os.urandom(16).hex()}, "search": os.urandom(32).hex()})


@functools.cache
def ring() -> KeyRing:
    """The key ring: ``YOUSU_KEYS`` (JSON) or the file ``settings.KEY_FILE``, made on first use, readable by us alone."""
    if text := os.environ.get("YOUSU_KEYS"):
        return KeyRing.from_json(text)
    return KeyRing.from_json(private_file(Path(settings.KEY_FILE), KeyRing.fresh))


def seal(plain: str) -> str:
    """``k1$<base64(nonce | ciphertext | tag)>``; the empty string stays empty."""
    if not plain:
        return ""
    keys = ring()
    nonce = os.urandom(NONCE_BYTES)
    encryptor = Cipher(algorithms.SM4(keys.keys[keys.current]), modes.GCM(nonce)).encryptor()
    body = encryptor.update(plain.encode()) + encryptor.finalize()
    return f"{keys.current}${base64.b64encode(nonce + body + encryptor.tag).decode()}"


def unseal(token: str) -> str:
    """The plain text of ``seal``. ValueError when the key is unknown or the value was altered."""
    if not token:
        return ""
    key_id, _, payload = token.partition("$")
    raw = base64.b64decode(payload)
    nonce, body, tag = raw[:NONCE_BYTES], raw[NONCE_BYTES:-TAG_BYTES], raw[-TAG_BYTES:]
    try:
        decryptor = Cipher(algorithms.SM4(ring().keys[key_id]), modes.GCM(nonce, tag)).decryptor()
        return (decryptor.update(body) + decryptor.finalize()).decode()
    except (KeyError, InvalidTag) as error:
        raise ValueError("加密字段无法解开：密钥不在钥匙串中，或数据被改动。") from error


def search_key(plain: str) -> bytes | None:
    """HMAC-SM3 (32 bytes) of a normalised value, for equality search; None for an empty one."""
    normal = "".join(plain.split()).replace("-", "").upper()
    if not normal:
        return None
    mac = hmac.HMAC(ring().search, hashes.SM3())
    mac.update(normal.encode())
    return mac.finalize()


def sm3(*parts: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    for part in parts:
        digest.update(part)
    return digest.finalize()


class Sealed:
    """A personal value as it lies in the database. ``open()`` decrypts; ``str()`` never does."""

    __slots__ = ("token",)

    def __init__(self, token: str = "") -> None:
        self.token = token

    @classmethod
    def of(cls, plain: str) -> Sealed:
        return cls(seal(plain))

    def open(self) -> str:
        return unseal(self.token)

    def __bool__(self) -> bool:
        return bool(self.token)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and other.token == self.token

    def __hash__(self) -> int:
        return hash(self.token)

    def __str__(self) -> str:
        return "＊＊＊" if self.token else ""

    def __repr__(self) -> str:
        return "<Sealed>" if self.token else "<Sealed empty>"


if TYPE_CHECKING:
    _Text = models.TextField[Sealed | str, Sealed]
else:
    _Text = models.TextField


class SealedField(_Text):
    """A text column that holds ``seal``ed values and gives ``Sealed`` ones. Assigning a plain string seals it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Sealed:
        return Sealed(value or "")

    def to_python(self, value: Any) -> Any:
        return value if isinstance(value, Sealed) else Sealed.of(value or "")

    def get_prep_value(self, value: Any) -> str:
        return self.to_python(value).token if value else ""
