"""Webhooks, on every platform: only the platform opens them."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import replace

import pytest

from adapters.base import Credentials, Forbidden, HookRequest
from tests.contract.subjects import Subject


def test_the_genuine_request_passes(subject: Subject) -> None:
    subject.adapter().verify(subject.genuine, subject.credentials)


def test_every_header_and_the_secret_matter(subject: Subject) -> None:
    adapter, genuine = subject.adapter(), subject.genuine
    secret = subject.credentials["hook_secret"]
    forged = [unsigned(genuine)]
    for name, value in genuine.headers.items():
        for wrong in (*spoilt(value), "\udcff"):
            forged.append(replace(genuine, headers={**genuine.headers, name: wrong}))
    if secret.encode() in genuine.body:
        forged += [
            replace(genuine, body=genuine.body.replace(secret.encode(), wrong.encode())) for wrong in spoilt(secret)
        ]
    for request in forged:
        with pytest.raises(Forbidden) as refused:
            adapter.verify(request, subject.credentials)
        assert secret not in repr(refused.value)
    for other in ("", "another-secret", secret + "x"):
        with pytest.raises(Forbidden):
            adapter.verify(genuine, Credentials({**subject.credentials, "hook_secret": other}))


def test_a_channel_without_a_secret_lets_nobody_in(subject: Subject) -> None:
    fields = {field.name for field in subject.kind.connect.fields}
    bare = Credentials({name: value for name, value in subject.credentials.items() if name in fields})
    for headers in (subject.genuine.headers, {}, dict.fromkeys(subject.genuine.headers, "")):
        with pytest.raises(Forbidden):
            subject.adapter().verify(HookRequest("POST", headers, {}, b"{}"), bare)


def test_secrets_are_compared_in_constant_time(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(first: bytes | str, second: bytes | str) -> bool:
        compared.append((first, second))
        return first == second

    for module in (hmac, secrets):
        monkeypatch.setattr(module, "compare_digest", compare)
    subject.adapter().verify(subject.genuine, subject.credentials)
    assert compared
    compared.clear()
    with pytest.raises(Forbidden):
        subject.adapter().verify(unsigned(subject.genuine), subject.credentials)
    assert compared, "a missing secret is told apart by another way than a wrong one"


async def test_two_preparations_share_no_secret(subject: Subject) -> None:
    first = await subject.adapter().prepare(subject.credentials, "https://pult.test/hooks/x/y")
    second = await subject.adapter().prepare(subject.credentials, "https://pult.test/hooks/x/y")
    assert first["hook_secret"] != second["hook_secret"]
    for field in subject.kind.connect.fields:
        assert first[field.name] == subject.credentials[field.name]


def unsigned(request: HookRequest) -> HookRequest:
    """The request without what proves its origin: its headers or, on a platform that has it there, its body."""
    return replace(request, headers={}) if request.headers else replace(request, body=b"{}")


def spoilt(value: str) -> tuple[str, ...]:
    return ("", value[:-1], value + "0", value.swapcase(), "ы" * len(value))
