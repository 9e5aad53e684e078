"""The main job, from /start to an answer delivered, over real HTTP."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Office

pytestmark = pytest.mark.judged


async def test_a_customers_text_is_claimed_and_answered_from_a_members_chat(office: Office) -> None:
    olga = await office.owner()
    oleg = await office.manager(olga, "Олег")
    await office.connect(olga)
    anna = office.customer("Анна")
    office.say(anna, "Есть столик на двоих?")
    card = await office.sees(oleg, "Есть столик на двоих?")
    await office.sees(olga, "Есть столик на двоих?")
    await office.press(card, "Взять")
    taken = await office.sees(olga, "Олег")
    assert "Взять" not in str(taken.labels())
    answer = office.type(oleg, "Да, приходите", reply_to=card)
    await office.until(lambda: [one for one in office.answers(anna) if one.text == "Да, приходите"])
    await office.until(lambda: answer.reactions)
    assert "👌" in str(answer.reactions)
