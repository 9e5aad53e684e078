"""Members who block the control bot, however that is noticed, and come back."""

from __future__ import annotations

from tests.e2e.conftest import Office


async def test_dialogs_of_a_member_who_blocks_the_bot_return_and_start_undoes_it(office: Office) -> None:
    olga, oleg = await office.company("Олег")
    people = [office.customer(name) for name in ("Анна", "Борис")]
    for person in people:
        office.say(person, f"вопрос от {person.name}")
        await office.take(oleg, person.name)
    office.telegram.block(office.desk, oleg)
    told = await office.sees(olga, "больше не получает сообщений")
    assert "2 диалога вернулись в новые" in told.text
    for person in people:
        await office.until(lambda person=person: office.card(olga, person.name))
    office.say(people[0], "и ещё")
    await office.until(lambda: "и ещё" in office.card(olga, "Анна").text)
    vera = office.customer("Вера")
    office.say(vera, "вопрос от Вера")
    await office.until(lambda: office.card(olga, "Вера"))
    before = len(office.sent(oleg))
    office.telegram.start(office.desk, oleg)
    await office.until(lambda: len(office.sent(oleg)) > before)
    await office.until(lambda: office.card(oleg, "Вера"))
    boris = office.customer("Борис Второй")
    office.say(boris, "я новый")
    await office.sees(oleg, "я новый")
    await office.take(oleg, "Вера")
    office.type(oleg, "снова здесь", reply_to=office.find(oleg, "вопрос от Вера"))
    await office.hears(vera, "снова здесь")


async def test_a_block_that_is_noticed_only_when_something_is_sent_counts_too(lite: Office) -> None:
    olga, oleg = await lite.company("Олег")
    anna = lite.customer("Анна")
    lite.say(anna, "вопрос")
    await lite.take(oleg, "Анна")
    lite.telegram.fault("refused", bot=lite.desk, person=oleg, times=None)
    lite.say(anna, "ау")
    await lite.sees(olga, "больше не получает сообщений")
    await lite.until(lambda: "ау" in (lite.card(olga, "Анна") or olga_nothing).text)


class olga_nothing:
    text = ""
