"""Attachments on disk: streamed in, named by their SM3 digest, checked for size and kind before a verb may name them."""

from __future__ import annotations

import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from django.conf import settings

from yousu.base.errors import Refused
from yousu.city.models import Staff
from yousu.city.rules import Rules
from yousu.tickets.models import Attachment

MEGABYTE = 1024 * 1024
# By content, not by name: what the first bytes say. Nothing a browser would run.
KINDS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0", "application/msword"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
)


class Upload(Protocol):
    @property
    def name(self) -> str | None: ...
    @property
    def size(self) -> int | None: ...

    def chunks(self) -> object: ...


def kind_of(head: bytes) -> str:
    """The MIME type told by the first bytes; empty for what is not taken."""
    if head[:4] == b"RIFF" and head[8:12] in {b"WEBP", b"WAVE"}:
        return "image/webp" if head[8:12] == b"WEBP" else "audio/wav"
    if head[4:8] == b"ftyp":
        return "image/heic" if head[8:11] in {b"hei", b"mif"} else "video/mp4"
    return next((mime for magic, mime in KINDS if head.startswith(magic)), "")


def keep(upload: Upload, *, by: Staff | None, now: datetime, rules: Rules) -> Attachment:
    """Store an uploaded file, not yet bound to a ticket. ``Refused`` when too large, empty or of a kind not taken."""
    most = rules.limits.attachment_megabytes
    name = Path(str(upload.name or "附件").replace("\x00", "").replace("\\", "/")).name[-200:] or "附件"
    if (upload.size or 0) > most * MEGABYTE:
        raise Refused(f"“{name}”超过 {most} MB，请压缩或分开上传。", field="file", code="too_large")
    folder = Path(settings.MEDIA_ROOT) / f"{now:%Y/%m}"
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".part-{secrets.token_hex(8)}"
    digest, size, head = hashes.Hash(hashes.SM3()), 0, b""
    try:
        with part.open("wb") as file:
            for chunk in upload.chunks():  # type: ignore[attr-defined]
                size += len(chunk)
                head = head or bytes(chunk[:16])
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        mime = kind_of(head)
        if not size:
            raise Refused(f"“{name}”是空文件。", field="file")
        if not mime:
            raise Refused("只接受图片、PDF、Office 文档、录音和视频文件。", field="file")
        fingerprint = digest.finalize()
        path = folder / f"{fingerprint.hex()}-{secrets.token_hex(4)}"
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return Attachment.objects.create(
        name=name,
        mime=mime,
        size=size,
        digest=fingerprint,
        path=str(path.relative_to(settings.MEDIA_ROOT)),
        uploaded_by=by,
    )
