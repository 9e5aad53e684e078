"""What Telegram refuses for a reason that nobody foresaw: tried in a plainer form, and never gone without a word."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from adapters.telegram.emulator import Person
from services.sql import fetch
from tests.cases.player import quiet
from tests.e2e.conftest import Office

NEW = "Bad Request: SOMETHING_NEW"


def refuse(office: Office, member: Person, method: str, times: int | None) -> str:
    fault = office.telegram.fault(
        "refused", bot=office.desk, person=member, method=method, times=times, description=NEW
    )  # fmt: skip
    return str(fault.id)


async def known(office: Office) -> Person:
    """A customer who has written before: nothing is left to be said about the channel."""
    anna = office.customer("Анна")
    office.say(anna, "здравствуйте")
    await quiet(office)
    return anna


def counted(kind: str) -> float:
    return REGISTRY.get_sample_value("pult_unshown_total", {"kind": kind}) or 0.0


@pytest.mark.parametrize("refusals", [1, 2])
async def test_a_message_that_is_refused_stands_there_in_a_plainer_form(lite: Office, refusals: int) -> None:
    (olga,) = await lite.company()
    anna = await known(lite)
    refuse(lite, olga, "sendMessage", refusals)
    lite.say(anna, "жирно и важно", entities=[{"type": "bold", "offset": 0, "length": 5}])
    copy = await lite.sees(olga, "жирно и важно")
    assert "entities" not in copy.wire
    own = lite.type(olga, "вижу", reply_to=copy)
    await lite.hears(anna, "вижу")
    assert own.id


async def test_a_message_that_is_refused_in_every_form_is_named_and_can_be_answered(office: Office) -> None:
    (olga,) = await office.company()
    anna = await known(office)
    before = counted("copy")
    refuse(office, olga, "sendMessage", 3)
    office.say(anna, "загадка")
    line = await office.sees(olga, "Telegram не принял сообщение этого клиента")
    assert "Анна" in line.text
    assert "Ответить" in line.labels()
    assert counted("copy") == before + 1
    office.type(olga, "слушаю вас", reply_to=line)
    await office.hears(anna, "слушаю вас")


async def test_a_card_that_is_refused_in_every_form_is_named_with_the_way_to_take_it(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    anna = office.customer("Анна")
    refuse(office, oleg, "sendMessage", 3)
    office.say(anna, "загадка")
    line = await office.sees(oleg, "Telegram не принял карточку")
    await office.press(line, "Взять")
    await office.sees(oleg, "загадка")
    rows = await fetch("SELECT state FROM inquiries")
    assert rows[0]["state"] == "active"
    await office.sees(olga, "взял(а) Олег")


async def test_an_edit_that_is_refused_follows_anew(office: Office) -> None:
    (olga,) = await office.company()
    anna = office.customer("Анна")
    said = office.say(anna, "было")
    copy = await office.sees(olga, "было")
    fault = refuse(office, olga, "editMessageText", None)
    office.telegram.edit(said, "стало")
    anew = await office.sees(olga, "стало")
    assert anew.id != copy.id
    assert office.find(olga, "было") is None
    office.telegram.world.faults.remove(fault)
    office.telegram.edit(said, "стало иначе")
    await office.until(lambda: "стало иначе" in anew.text)


async def test_a_card_whose_edit_is_refused_follows_anew_with_its_buttons(lite: Office) -> None:
    olga, _ = await lite.company("Олег")
    anna = lite.customer("Анна")
    said = lite.say(anna, "было")
    await lite.sees(olga, "было")
    refuse(lite, olga, "editMessageText", None)
    lite.telegram.edit(said, "стало")
    card = await lite.sees(olga, "стало")
    assert "Взять" in card.labels()
    assert lite.find(olga, "было") is None


@pytest.mark.parametrize("kind", ["location", "contact"])
async def test_a_place_or_contact_that_is_refused_is_told_in_words(lite: Office, kind: str) -> None:
    (olga,) = await lite.company()
    anna = lite.customer("Анна")
    refuse(lite, olga, f"send{kind.title()}", None)
    if kind == "location":
        lite.telegram.send_location(lite.shop, anna, 55.7, 37.6)
    else:
        lite.telegram.send_contact(lite.shop, anna, "Иван", "+79001234567")
    await lite.until(lambda: lite.holding(olga, "Telegram отказал"))
    assert lite.holding(olga, "55.7, 37.6" if kind == "location" else "+79001234567")
