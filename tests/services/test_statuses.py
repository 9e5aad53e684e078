"""How far our messages got, as platforms tell it: by time, by the last message seen, by an echo with our number."""

from __future__ import annotations

from datetime import timedelta

from adapters.base import TIMELESS, Content, Delivery, Event, OperatorEcho, StatusChanged
from adapters.content import MessageId, UserId
from models import MessagePart
from services import clock
from services.sql import fetch
from tests.services.conftest import Company

ANNA = UserId("Анна")
HELLO = Content(text="Да")


def echo(number: int, *, minutes: int = 0, mark: int | None = None) -> OperatorEcho:
    at = clock.now() + timedelta(minutes=minutes)
    message = MessageId(str(number))
    return OperatorEcho(key=f"echo:{number}", user=ANNA, at=at, message_id=message, content=HELLO, number=mark)


def seen(up_to: str) -> Event:
    return StatusChanged(key=f"seen:{up_to}", user=ANNA, at=TIMELESS, status=Delivery.SEEN, up_to=MessageId(up_to))


async def states(company: Company) -> list[str]:
    return [row["state"] for row in await company.messages() if row["direction"] == "out"]


async def test_everything_up_to_the_last_message_seen_is_seen(company: Company) -> None:
    await company.hear(company.said("Анна"), echo(71, minutes=1), echo(72, minutes=2), echo(73, minutes=3))
    await company.hear(seen("72"))
    assert await states(company) == ["seen", "seen", "sent"]
    await company.hear(seen("404"))
    assert await states(company) == ["seen", "seen", "sent"]


async def test_the_last_message_seen_may_be_the_customers_own(company: Company) -> None:
    said = company.said("Анна", at=clock.now() + timedelta(minutes=2))
    await company.hear(echo(71, minutes=1), said, echo(73, minutes=3))
    await company.hear(seen(said.message_id))
    assert await states(company) == ["seen", "sent"]


async def test_an_echo_with_our_number_is_our_own_message(company: Company) -> None:
    await company.hear(company.said("Анна"), echo(71))
    [ours] = [row for row in await company.messages() if row["direction"] == "out"]
    part = await MessagePart.create(
        project=company.project, message_id=ours["id"], position=0, content={}, state="queued", token="t", number=777
    )
    await company.hear(echo(72, mark=777), echo(73, mark=778))
    await part.refresh_from_db()
    assert part.state == "sent"
    names = await fetch("SELECT external_id, message_id FROM platform_messages")
    assert [(row["external_id"], row["message_id"]) for row in names] == [("72", ours["id"])]
    assert len([row for row in await company.messages() if row["direction"] == "out"]) == 2
    await company.hear(seen("72"))
    assert (await states(company))[0] == "seen"


async def test_a_stale_or_strange_number_is_somebody_elses(company: Company) -> None:
    await company.hear(company.said("Анна"), echo(71))
    [ours] = [row for row in await company.messages() if row["direction"] == "out"]
    await MessagePart.create(
        project=company.project, message_id=ours["id"], position=0, content={}, state="sent", token="t", number=777
    )
    clock.shift(timedelta(days=3))
    await company.hear(echo(72, mark=777))
    assert len([row for row in await company.messages() if row["direction"] == "out"]) == 2
