"""Attachments: taken in, refused with a sentence, given out to those who may see the ticket and to nobody else."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests.factories import dispatched, handler_of, person, signed
from yousu.city.rules import Rules
from yousu.handling.verbs import reply
from yousu.tickets.files import keep
from yousu.tickets.models import Attachment

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
PDF = b"%PDF-1.7\n" + b"\0" * 32
MEGABYTE = 1024 * 1024


def client_of(username: str) -> Client:
    client = Client()
    client.force_login(person(username))
    return client


def kept(username: str, name: str, body: bytes = PNG) -> int:
    return keep(SimpleUploadedFile(name, body), by=person(username), now=timezone.now(), rules=Rules()).pk


def upload(body: bytes, name: str = "现场.png", username: str = "chengdong"):
    return client_of(username).post("/files/", {"file": SimpleUploadedFile(name, body)})


def test_an_uploaded_file_answers_with_its_id_and_name():
    response = upload(PNG)
    file = Attachment.objects.get()
    assert response.status_code == 201
    assert response.json() == {"id": file.pk, "name": "现场.png", "size": len(PNG), "image": True}
    assert file.uploaded_by == person("chengdong")


def test_a_fifty_megabyte_file_is_refused_with_413_and_a_sentence():
    response = upload(PNG + b"\0" * (50 * MEGABYTE), "大图.png")
    assert response.status_code == 413
    assert response.json()["error"] == "“大图.png”超过 20 MB，请压缩或分开上传。"
    assert not Attachment.objects.exists()


def test_a_fifty_megabyte_file_in_a_form_loses_nothing_of_the_form():
    assignment = signed(timezone.now())
    form = {
        "text": "已到现场处理，见附件。",
        "attachments-files": SimpleUploadedFile("大图.png", PNG + b"\0" * 50 * MEGABYTE),
    }
    response = client_of("chengdong").post(f"/tickets/{assignment.ticket.number}/verbs/reply/?assignment=1", form)
    text = response.content.decode()
    assert response.status_code == 413
    assert "“大图.png”超过 20 MB" in text
    assert "已到现场处理，见附件。" in text


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("空.png", b"", "“空.png”是空文件。"),
        ("页面.png", b"<html><script>alert(1)</script>", "只接受图片"),
        ("程序.exe", b"MZ\x90\x00" + b"\0" * 32, "只接受图片"),
    ],
)
def test_what_is_empty_or_could_run_is_refused(name: str, body: bytes, sentence: str):
    response = upload(body, name)
    assert response.status_code == 422
    assert sentence in response.json()["error"]


def test_without_a_file_the_answer_says_so():
    response = client_of("chengdong").post("/files/", {})
    assert response.status_code == 422
    assert response.json()["error"] == "请选择要上传的文件。"


def test_a_picture_is_shown_and_a_document_saved_and_nothing_runs():
    picture, document = upload(PNG).json()["id"], upload(PDF, "通知.pdf").json()["id"]
    client = client_of("chengdong")
    shown, saved = client.get(f"/files/{picture}/"), client.get(f"/files/{document}/")
    assert b"".join(shown.streaming_content) == PNG
    assert shown["Content-Disposition"].startswith("inline")
    assert saved["Content-Disposition"] == "attachment; filename*=UTF-8''%E9%80%9A%E7%9F%A5.pdf"
    for response in (shown, saved):
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_file_of_no_ticket_yet_is_for_who_uploaded_it():
    pk = upload(PNG).json()["id"]
    assert client_of("chengdong").get(f"/files/{pk}/").status_code == 200
    assert client_of("paidan1").get(f"/files/{pk}/").status_code == 404


def test_the_files_of_a_ticket_are_for_those_who_may_see_it():
    pk = kept("huawu1", "现场.png")
    dispatched(attachments=[pk])
    assert client_of("chengdong").get(f"/files/{pk}/").status_code == 200
    assert client_of("huifang1").get(f"/files/{pk}/").status_code == 200
    assert client_of("chengzhong").get(f"/files/{pk}/").status_code == 404
    assert Client().get(f"/files/{pk}/").status_code == 302
    assert client_of("paidan1").get("/files/999999/").status_code == 404


def test_what_a_hidden_caller_handed_in_stays_with_the_hotline():
    pk = kept("huawu1", "举报信.png")
    assignment = signed(type="report", attachments=[pk])
    assert client_of("chengdong").get(f"/files/{pk}/").status_code == 404
    assert client_of("paidan1").get(f"/files/{pk}/").status_code == 200
    proof = kept("chengdong", "整改后.png")
    reply(assignment, by=handler_of(assignment), now=assignment.dispatched_at, text="已整改。", attachments=[proof])
    assert client_of("chengdong").get(f"/files/{proof}/").status_code == 200


def test_a_file_that_is_gone_from_the_store_is_not_found(tmp_path):
    pk = upload(PNG).json()["id"]
    (tmp_path / Attachment.objects.get(pk=pk).path).unlink()
    assert client_of("chengdong").get(f"/files/{pk}/").status_code == 404
