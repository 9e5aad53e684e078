"""The Desk against the emulated Bot API over HTTP: what stands on a member's phone, and what is raised otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.base import (
    Ambiguous,
    Attachment,
    AttachmentKind,
    ContactCard,
    Content,
    CredentialsRevoked,
    Location,
    NotFound,
    Quoted,
    RecipientGone,
    Rejected,
    Scope,
    Span,
    SpanKind,
    Temporary,
    Throttled,
)
from adapters.telegram.emulator import Message, TelegramEmulator, picture
from adapters.telegram.emulator.model import BotAccount, Chat, Person
from handlers.chat.desk import AiogramDesk
from handlers.chat.session import DeskBot, Session
from models.enums import Author, Direction, InquiryState
from services import clock
from services.control import ControlBot
from services.ports import CardView, CopyView, FileStatus, InquiryView, MessageView, Notice, Seat, Shown, Standing, Tick

READY, COMING, MISSING = FileStatus.READY, FileStatus.COMING, FileStatus.MISSING


KINDS = ("photo", "video", "video_note", "voice", "audio", "animation", "document", "sticker", "location", "contact")
TAKEN = {"state": InquiryState.ACTIVE, "assignee": "Мария", "assignee_id": 9}
MINE = {"state": InquiryState.ACTIVE, "assignee": "Олег", "assignee_id": 3}


def inquiry(**changes: Any) -> InquiryView:
    base = InquiryView(
        id=7, number=12, state=InquiryState.NEW, contact_name="Анна Петрова", channel="Цветы на Ленина", platform="VK",
        source=None, opened_at=clock.now(), waiting_since=None, inbound=1, last=None, assignee=None,
        assignee_id=None,
    )  # fmt: skip
    return replace(base, **changes)


def message(text: str = "", *attachments: Attachment, number: int = 41, **changes: Any) -> MessageView:
    shape = set(Content.__dataclass_fields__) - {"quoted"}
    fields = {name: changes.pop(name) for name in list(changes) if name in shape}
    content = Content(text=text, attachments=attachments, **fields)
    base = MessageView(
        id=number, direction=Direction.IN, author=Author.CUSTOMER, author_name=None, content=content,
        files=tuple(READY for _ in attachments), at=clock.now(),
    )  # fmt: skip
    return replace(base, **changes)


def where(shown: Shown) -> list[tuple[int, int | None]]:
    return [(one.telegram_id, one.message_id) for one in shown.messages]


def copy(*messages: MessageView, **changes: Any) -> CopyView:
    about = changes.pop("inquiry", inquiry(**MINE))
    return CopyView(about, messages or (message("Здравствуйте!"),), **changes)


@dataclass
class Phone:
    """A member's phone and the Desk that writes to it."""

    emulator: TelegramEmulator
    account: BotAccount
    person: Person
    desk: AiogramDesk
    seat: Seat
    folder: Path

    @property
    def chat(self) -> Chat:
        return self.emulator.chat(self.account, self.person)

    def at(self, telegram_id: int) -> Message:
        return self.chat.messages[telegram_id]

    def medium(self, kind: AttachmentKind, data: bytes = b"bytes", **more: Any) -> Attachment:
        number = more.pop("file_id", len(list(self.folder.iterdir())) + 1)
        path = self.folder / f"{number}"
        path.write_bytes(picture() if kind is AttachmentKind.PHOTO and data == b"bytes" else data)
        return Attachment(kind, file_id=number, path=path, **more)

    def sent(self) -> list[Message]:
        return [one for one in self.chat.sent() if one.service is None]

    def kinds(self) -> list[str]:
        return [next((kind for kind in KINDS if kind in one.wire), "text") for one in self.sent()]

    def calls(self, method: str) -> int:
        return len(self.emulator.calls(method))


def desk_bot(token: str, session: Session) -> DeskBot:
    return DeskBot(ControlBot(1, int(token.split(":")[0]), "pult_test_bot", "Пульт", token, "", ""), session)


@pytest.fixture
async def phone(tmp_path: Path) -> AsyncIterator[Phone]:
    emulator = TelegramEmulator()
    async with emulator.serve() as address:
        account = emulator.create_bot("Пульт", "pult_test_bot", control=True)
        oleg = emulator.person("Олег", staff=True)
        emulator.start(account, oleg)
        session = Session(address)
        bot = desk_bot(account.token, session)
        seat = Seat(
            control_bot_id=1, chat_id=oleg.id, member_id=3, person_id=2, language="ru", time_zone="Europe/Moscow"
        )
        folder = tmp_path / "files"
        folder.mkdir()
        yield Phone(emulator, account, oleg, AiogramDesk({1: bot}.__getitem__), seat, folder)
        await session.close()


def shape(one: Message) -> list[tuple[str, str]]:
    """What is marked, in words."""
    raw = one.text.encode("utf-16-le")
    return [
        (entity["type"], raw[entity["offset"] * 2 : (entity["offset"] + entity["length"]) * 2].decode("utf-16-le"))
        for entity in one.entities
        if entity["type"] not in ("url", "phone_number")
    ]


# Cards


async def test_card_of_a_text_has_everything_at_a_glance(phone: Phone) -> None:
    view = CardView(
        inquiry(inbound=4, last=Content(text="И ещё про доставку"), source="instagram"), (message("Есть пионы?"),)
    )
    shown = await phone.desk.show_card(phone.seat, view)
    (card,) = phone.sent()
    assert card.text == (
        "Новое обращение №12\nАнна Петрова · VK, Цветы на Ленина\nИсточник: instagram\n\nЕсть пионы?\n\n"
        "и ещё 3 сообщения, последнее: И ещё про доставку"
    )
    assert card.labels() == ["Взять", "Карточка", "Спам"]
    assert where(shown) == [(card.id, 41)]
    assert ("bold", "Новое обращение №12") in shape(card)


async def test_card_names_the_project_where_there_are_several(phone: Phone) -> None:
    await phone.desk.show_card(
        replace(phone.seat, project="Лавка <1>"), CardView(inquiry(repeat=True), (message("Да"),))
    )
    assert phone.sent()[0].text.startswith("Лавка <1> · Повторное обращение №12\n")


async def test_card_tells_the_day_when_it_was_not_today(phone: Phone) -> None:
    opened = clock.now() - timedelta(days=1)
    await phone.desk.show_card(phone.seat, CardView(inquiry(opened_at=opened), (message("Да"),)))
    local = opened.astimezone(ZoneInfo("Europe/Moscow"))
    assert f"вчера {local:%H:%M}" in phone.sent()[0].text


async def test_card_that_may_stand_there_twice_says_so(phone: Phone) -> None:
    await phone.desk.show_card(phone.seat, CardView(inquiry(), (message("Да"),), suspect=True))
    assert "возможен повтор" in phone.sent()[0].text


async def test_card_speaks_the_members_language(phone: Phone) -> None:
    await phone.desk.show_card(replace(phone.seat, language="en"), CardView(inquiry(), (message("Hi"),)))
    assert phone.sent()[0].text.startswith("New inquiry No. 12")
    assert phone.sent()[0].labels() == ["Take", "Card", "Spam"]


async def test_one_medium_is_the_card_itself(phone: Phone) -> None:
    photo = phone.medium(AttachmentKind.PHOTO, file_id=5)
    shown = await phone.desk.show_card(phone.seat, CardView(inquiry(), (message("Вот такие", photo),)))
    assert phone.kinds() == ["photo"]
    assert phone.sent()[0].text.endswith("Вот такие")
    assert phone.sent()[0].labels() == ["Взять", "Карточка", "Спам"]
    assert set(shown.uploaded) == {5}


async def test_an_album_comes_first_and_the_card_answers_to_it(phone: Phone) -> None:
    parts = tuple(message("", phone.medium(AttachmentKind.PHOTO), number=number) for number in (41, 42, 43))
    shown = await phone.desk.show_card(phone.seat, CardView(inquiry(inbound=3), parts))
    assert phone.kinds() == ["photo", "photo", "photo", "text"]
    assert len({one.group for one in phone.sent()[:3]}) == 1
    card = phone.sent()[3]
    assert card.reply_to == phone.sent()[0].id
    assert [one.message_id for one in shown.messages] == [41, 42, 43, None]
    assert "ещё" not in card.text


@pytest.mark.parametrize("kind", [AttachmentKind.STICKER, AttachmentKind.VIDEO_NOTE])
async def test_a_medium_without_caption_comes_before_its_card(phone: Phone, kind: AttachmentKind) -> None:
    await phone.desk.show_card(phone.seat, CardView(inquiry(), (message("", phone.medium(kind, emoji="🙂")),)))
    assert phone.kinds() == [kind.value, "text"]
    assert phone.sent()[1].reply_to == phone.sent()[0].id


async def test_a_first_message_at_the_limit_is_shown_in_full(phone: Phone) -> None:
    text = "слово " * 680
    shown = await phone.desk.show_card(phone.seat, CardView(inquiry(), (message(text),)))
    *pieces, card = phone.sent()
    assert "".join(one.text for one in pieces).split() == text.split()
    assert card.text.endswith("…")
    assert card.labels() == ["Взять", "Карточка", "Спам"]
    assert where(shown)[-1] == (card.id, None)


async def test_media_that_is_still_coming_has_a_place_kept(phone: Phone) -> None:
    video = Attachment(AttachmentKind.VIDEO, name="тур.mp4", file_id=1)
    await phone.desk.show_card(phone.seat, CardView(inquiry(), (message("Смотрите", video, files=(COMING,)),)))
    assert "Видео «тур.mp4»: загружается…\nСмотрите" in phone.sent()[0].text


@pytest.mark.parametrize(
    ("changes", "title", "labels"),
    [
        (TAKEN, "Обращение №12 · взял(а) Мария", ["Карточка"]),
        (MINE, "Обращение №12 · ваше", ["Ответить", "Готово", "Вернуть в новые", "Карточка"]),
        ({"state": InquiryState.DONE}, "Обращение №12 · готово", ["Написать", "Карточка"]),
    ],
)
@pytest.mark.parametrize("with_photo", [False, True])
async def test_card_follows_what_becomes_of_the_inquiry(
    phone: Phone, changes: dict[str, Any], title: str, labels: list[str], with_photo: bool
) -> None:
    media = (phone.medium(AttachmentKind.PHOTO),) if with_photo else ()
    first = (message("Есть пионы?", *media),)
    shown = await phone.desk.show_card(phone.seat, CardView(inquiry(), first))
    for _ in range(2):  # the second time nothing changes, which is no error
        await phone.desk.update_card(phone.seat, shown.messages, CardView(inquiry(**changes), first))
    card = phone.sent()[-1]
    assert card.text.startswith(title)
    assert card.text.endswith("Есть пионы?")
    assert card.labels() == labels


async def test_a_placeholder_card_is_brought_up_to_date_although_the_media_came(phone: Phone) -> None:
    video = phone.medium(AttachmentKind.VIDEO)
    waiting = message("Смотрите", video, files=(COMING,))
    shown = await phone.desk.show_card(phone.seat, CardView(inquiry(), (waiting,)))
    await phone.desk.update_card(phone.seat, shown.messages, CardView(inquiry(**MINE), (message("Смотрите", video),)))
    assert "загружается" not in phone.sent()[0].text
    assert "ваше" in phone.sent()[0].text


async def test_a_card_under_a_photo_keeps_within_a_caption(phone: Phone) -> None:
    first = (message("б" * 900, phone.medium(AttachmentKind.PHOTO)),)
    shown = await phone.desk.show_card(phone.seat, CardView(inquiry(), first))
    more = inquiry(inbound=3, last=Content(text="д" * 200))
    await phone.desk.update_card(phone.seat, shown.messages, CardView(more, first))
    assert len(phone.sent()[0].text) <= 1024
    assert phone.sent()[0].text.endswith("…")


async def test_updating_a_card_that_was_deleted_says_so(phone: Phone) -> None:
    with pytest.raises(NotFound):
        await phone.desk.update_card(
            phone.seat, (Standing(999, None, words=0, keys=True),), CardView(inquiry(), (message("Да"),))
        )


# Copies


async def test_copy_keeps_the_customers_formatting_and_no_markup_of_its_own_making(phone: Phone) -> None:
    text = "😀 <b>жирно</b> и код & ссылка"
    spans = (
        Span(SpanKind.ITALIC, 2, 13), Span(SpanKind.CODE, 17, 3), Span(SpanKind.LINK, 23, 6, "https://pult.test/"),
    )  # fmt: skip
    await phone.desk.show_copy(phone.seat, copy(message(text, spans=spans)))
    (one,) = phone.sent()
    assert one.text == f"Анна Петрова · VK\n{text}"
    assert shape(one) == [
        ("bold", "Анна Петрова"), ("italic", "<b>жирно</b> "[:13]), ("code", "код"), ("text_link", "ссылка"),
    ]  # fmt: skip
    assert one.labels() == []


async def test_first_copy_has_the_buttons(phone: Phone) -> None:
    await phone.desk.show_copy(phone.seat, copy(message("Да"), first=True))
    assert phone.sent()[0].labels() == ["Ответить", "Готово", "Карточка"]


async def test_first_copy_of_an_album_has_them_on_the_text_before_it(phone: Phone) -> None:
    parts = [
        message("Букет", phone.medium(AttachmentKind.PHOTO)),
        message("", phone.medium(AttachmentKind.PHOTO), number=42),
    ]
    await phone.desk.show_copy(phone.seat, copy(*parts, first=True))
    assert phone.kinds() == ["text", "photo", "photo"]
    assert phone.sent()[0].labels() == ["Ответить", "Готово", "Карточка"]
    assert phone.sent()[1].reply_to == phone.sent()[0].id


@pytest.mark.parametrize(
    ("direction", "author", "name", "heading"),
    [
        (Direction.OUT, Author.MEMBER, "Мария", "Мария → Анна Петрова · VK"),
        (Direction.OUT, Author.AUTOMATION, None, "автоматор → Анна Петрова · VK"),
        (Direction.OUT, Author.OUTSIDE, None, "из интерфейса VK → Анна Петрова · VK"),
        (Direction.OUT, Author.OUTSIDE, "Вера", "Вера, из интерфейса VK → Анна Петрова · VK"),
    ],
)
async def test_outgoing_copies_are_signed(
    phone: Phone, direction: Direction, author: Author, name: str | None, heading: str
) -> None:
    await phone.desk.show_copy(phone.seat, copy(message("Да", direction=direction, author=author, author_name=name)))
    assert phone.sent()[0].text == f"{heading}\nДа"


async def test_marks_say_what_is_unusual(phone: Phone) -> None:
    at = clock.now()
    await phone.desk.show_copy(
        replace(phone.seat, time_zone="UTC"), copy(message("Да", late=True, at=at), suspect=True)
    )
    assert phone.sent()[0].text == f"Анна Петрова · VK · пришло позже, от {at:%H:%M:%S}, возможен повтор\nДа"


async def test_edit_and_deletion_show_on_the_copy(phone: Phone) -> None:
    shown = await phone.desk.show_copy(phone.seat, copy(message("Два букета"), first=True))
    number = shown.messages[0].telegram_id
    await phone.desk.update_copy(phone.seat, shown.messages, copy(message("Три букета", edited=True), first=True))
    assert phone.at(number).text == "Анна Петрова · VK · изменено\nТри букета"
    await phone.desk.update_copy(
        phone.seat, shown.messages, copy(message("Три букета", edited=True, deleted=True), first=True)
    )
    assert phone.at(number).text == "Анна Петрова · VK · удалено клиентом\nТри букета"
    assert phone.at(number).labels() == ["Ответить", "Готово", "Карточка"]


async def test_edit_of_a_caption(phone: Phone) -> None:
    photo = phone.medium(AttachmentKind.PHOTO)
    shown = await phone.desk.show_copy(phone.seat, copy(message("Роза", photo)))
    await phone.desk.update_copy(phone.seat, shown.messages, copy(message("Розы", photo, edited=True)))
    assert phone.sent()[0].text.endswith("Розы")


async def test_quotes_forwards_and_kinds_without_a_form_are_named(phone: Phone) -> None:
    one = message("Кто за?\n– я", unsupported="poll", quoted=Quoted(text="Как голосуем?"), forwarded_from="Вера")
    await phone.desk.show_copy(phone.seat, copy(one))
    sent = phone.sent()[0]
    assert sent.text == "Анна Петрова · VK\nПереслано от: Вера\nКак голосуем?\nОпрос\nКто за?\n– я"
    assert ("blockquote", "Как голосуем?") in shape(sent)


async def test_missing_media_is_named_with_its_reason_and_link(phone: Phone) -> None:
    lost = Attachment(AttachmentKind.VIDEO, link="https://vk.test/v", unavailable="This medium is not kept any more.")
    await phone.desk.show_copy(phone.seat, copy(message("Смотри", lost, files=(MISSING,))))
    sent = phone.sent()[0]
    assert sent.text.splitlines()[1:] == ["Видео. Файл больше не хранится. Открыть", "Смотри"]
    assert ("text_link", "Открыть") in shape(sent)


async def test_bytes_that_vanished_are_named_too(phone: Phone) -> None:
    medium = phone.medium(AttachmentKind.FILE, name="смета.pdf")
    assert medium.path is not None
    medium.path.unlink()
    await phone.desk.show_copy(phone.seat, copy(message("", medium)))
    assert phone.sent()[0].text.splitlines()[1] == "Файл «смета.pdf». Файл больше не хранится."


@pytest.mark.parametrize("kind", list(AttachmentKind))
async def test_every_kind_of_medium_arrives_as_itself(phone: Phone, kind: AttachmentKind) -> None:
    shown = await phone.desk.show_copy(phone.seat, copy(message("Вот", phone.medium(kind, file_id=5, duration=3))))
    wanted = "document" if kind is AttachmentKind.FILE else kind.value
    assert wanted in phone.kinds()
    assert any("Вот" in one.text for one in phone.sent())
    assert set(shown.uploaded) == {5}
    assert {one.message_id for one in shown.messages} == {41}


async def test_media_is_uploaded_once(phone: Phone) -> None:
    photo = phone.medium(AttachmentKind.PHOTO, file_id=5)
    first = await phone.desk.show_copy(phone.seat, copy(message("", photo)))
    again = await phone.desk.show_copy(
        phone.seat, copy(message("", replace(photo, cached=first.uploaded[5], path=None)))
    )
    assert phone.kinds() == ["photo", "photo"]
    assert again.uploaded == {}
    assert "bytes" not in str(phone.emulator.calls("sendPhoto")[1].params)


async def test_a_stale_handle_falls_back_to_the_bytes(phone: Phone) -> None:
    parts = [
        message("", replace(phone.medium(AttachmentKind.PHOTO, file_id=n), cached="AgACstale"), number=40 + n)
        for n in (1, 2)
    ]
    shown = await phone.desk.show_copy(phone.seat, copy(*parts))
    assert phone.kinds() == ["photo", "photo"]
    assert set(shown.uploaded) == {1, 2}
    single = await phone.desk.show_copy(phone.seat, copy(parts[0]))
    assert set(single.uploaded) == {1}


async def test_a_picture_that_is_none_goes_as_a_file_and_a_bad_part_spares_the_album(phone: Phone) -> None:
    good, bad = (
        phone.medium(AttachmentKind.PHOTO, file_id=1),
        phone.medium(AttachmentKind.PHOTO, b"no picture", file_id=2),
    )
    shown = await phone.desk.show_copy(phone.seat, copy(message("Две", good), message("", bad, number=42)))
    assert phone.kinds() == ["photo", "document"]
    assert [one.message_id for one in shown.messages] == [41, 42]
    assert set(shown.uploaded) == {1}


async def test_what_telegram_takes_in_no_form_is_named(phone: Phone) -> None:
    await phone.desk.show_copy(
        phone.seat, copy(message("Вот", phone.medium(AttachmentKind.FILE, b"", name="пусто.txt")))
    )
    assert phone.sent()[0].text == "Анна Петрова · VK\nВот\nФайл «пусто.txt». Telegram этот файл не принял."


async def test_mixed_media_makes_albums_of_what_can_share_one(phone: Phone) -> None:
    kinds = [AttachmentKind.PHOTO, AttachmentKind.VIDEO, AttachmentKind.FILE, AttachmentKind.FILE, AttachmentKind.VOICE]
    await phone.desk.show_copy(phone.seat, copy(message("Всё", *(phone.medium(kind) for kind in kinds))))
    assert phone.kinds() == ["photo", "video", "document", "document", "voice"]
    assert [bool(one.group) for one in phone.sent()] == [True, True, True, True, False]


async def test_more_than_ten_pictures_make_two_albums(phone: Phone) -> None:
    photos = [phone.medium(AttachmentKind.PHOTO) for _ in range(11)]
    await phone.desk.show_copy(phone.seat, copy(message("Много", *photos)))
    assert phone.kinds() == ["photo"] * 11


async def test_a_caption_too_long_goes_before_its_media(phone: Phone) -> None:
    await phone.desk.show_copy(phone.seat, copy(message("ы" * 1020, phone.medium(AttachmentKind.PHOTO))))
    assert phone.kinds() == ["text", "photo"]
    assert phone.sent()[1].reply_to == phone.sent()[0].id


async def test_a_text_at_the_limit_is_cut_and_nothing_lost(phone: Phone) -> None:
    text = "😀 слово " * 500
    shown = await phone.desk.show_copy(phone.seat, copy(message(text)))
    assert len(phone.sent()) == 2
    assert " ".join(one.text for one in phone.sent()).split()[4:] == text.split()
    assert [one.message_id for one in shown.messages] == [41, 41]


async def test_places_and_contacts_can_be_opened(phone: Phone) -> None:
    await phone.desk.show_copy(phone.seat, copy(message("", location=Location(55.7, 37.6, "Кафе", "Ленина, 1"))))
    await phone.desk.show_copy(phone.seat, copy(message("", contact=ContactCard("Иван", "+79001234567"))))
    assert phone.kinds() == ["text", "location", "text", "contact"]
    assert phone.sent()[0].text == "Анна Петрова · VK\nГеопозиция\nКафе, Ленина, 1"
    assert phone.sent()[2].text == "Анна Петрова · VK\nКонтакт\nИван, +79001234567"


async def test_a_reply_to_a_message_that_was_deleted_is_shown_all_the_same(phone: Phone) -> None:
    await phone.desk.show_copy(phone.seat, copy(), reply_to=999)
    assert phone.sent()[0].reply_to is None


async def test_silent_members_hear_nothing(phone: Phone) -> None:
    await phone.desk.show_copy(replace(phone.seat, silent=True), copy())
    assert phone.sent()[0].silent


# Marks, lines, the header


@pytest.mark.parametrize(
    ("tick", "emoji"), [(Tick.QUEUED, "✍"), (Tick.SENT, "👌"), (Tick.SEEN, "👀"), (Tick.REFUSED, "👎")]
)
async def test_ticks(phone: Phone, tick: Tick, emoji: str) -> None:
    own = phone.emulator.say(phone.account, phone.person, "Да, есть")
    await phone.desk.tick(phone.seat, own.id, tick)
    assert own.reactions == {"bot": emoji}


async def test_reactions_come_and_go_and_unknown_ones_are_refused(phone: Phone) -> None:
    shown = await phone.desk.show_copy(phone.seat, copy())
    number = shown.messages[0].telegram_id
    await phone.desk.react(phone.seat, number, "❤️")
    assert phone.at(number).reactions == {"bot": "❤"}
    with pytest.raises(Rejected):
        await phone.desk.react(phone.seat, number, "🧿")
    await phone.desk.react(phone.seat, number, None)
    assert phone.at(number).reactions == {}


async def test_refusal_is_told_under_the_answer_with_a_way_to_repeat(phone: Phone) -> None:
    own = phone.emulator.say(phone.account, phone.person, "Да, есть")
    values = {"contact": "Анна", "platform": "VK", "reason": "The channel is disconnected."}
    number = await phone.desk.tell(phone.seat, Notice("refused", values, (("retry", 41),)), own.id)
    line = phone.at(number)
    assert line.text == "Анна · VK\nНе отправлено: Канал отключён."
    assert line.reply_to == own.id
    assert line.labels() == ["Повторить"]


async def test_a_notice_without_wording_is_said_to_be_one(phone: Phone) -> None:
    number = await phone.desk.tell(phone.seat, Notice("not invented yet", {}))
    assert "журнал" in phone.at(number).text


async def test_header_says_who_is_answered_and_goes_when_the_dialog_is_left(phone: Phone) -> None:
    first = await phone.desk.head(phone.seat, inquiry(**MINE), None)
    assert first is not None
    assert phone.at(first).text == "Отвечаете: Анна Петрова · VK · №12"
    assert phone.chat.pinned == [first]
    keyboard = phone.chat.reply_keyboard
    assert keyboard is not None
    assert [button["text"] for button in keyboard["keyboard"][0]] == ["✓ Готово", "Выйти"]
    assert phone.chat.input_placeholder == "Ответ: Анна Петрова · VK"
    second = await phone.desk.head(phone.seat, inquiry(contact_name="Борис", **MINE), first)
    assert first not in phone.chat.messages
    assert phone.chat.pinned == [second]
    assert phone.chat.input_placeholder == "Ответ: Борис · VK"
    assert await phone.desk.head(phone.seat, None, second) is None
    assert phone.chat.pinned == []
    assert phone.chat.reply_keyboard is None
    assert "никому не уйдёт" in phone.sent()[-1].text


async def test_header_stands_although_pinning_fails(phone: Phone) -> None:
    phone.emulator.fault("refused", method="pinChatMessage")
    assert await phone.desk.head(phone.seat, inquiry(**MINE), None) is not None


async def test_leaving_where_no_dialog_was_open_says_nothing(phone: Phone) -> None:
    assert await phone.desk.head(phone.seat, None, None) is None
    assert phone.sent() == []


async def test_deleting_leaves_what_is_gone_already(phone: Phone) -> None:
    shown = await phone.desk.show_copy(phone.seat, copy())
    await phone.desk.delete(phone.seat, (shown.messages[0].telegram_id, 998, 999))
    await phone.desk.delete(phone.seat, (999,))
    assert phone.sent() == []


# Files of members


async def test_a_members_file_is_fetched_whole(phone: Phone) -> None:
    sent = phone.emulator.send_media(phone.account, phone.person, "document", b"x" * 100_000, name="a.txt")
    target = phone.folder / "fetched"
    assert await phone.desk.fetch(1, sent.wire["document"]["file_id"], target, 100_000) == 100_000
    assert target.read_bytes() == b"x" * 100_000
    with pytest.raises(Rejected):
        await phone.desk.fetch(1, sent.wire["document"]["file_id"], phone.folder / "other", 99_999)
    assert sorted(path.name for path in phone.folder.iterdir()) == ["fetched"]


async def test_a_file_that_telegram_does_not_know_is_refused(phone: Phone) -> None:
    with pytest.raises(Rejected):
        await phone.desk.fetch(1, "AgACnothing", phone.folder / "f", 10)


# What goes wrong


async def test_a_429_concerns_the_chat_and_two_at_once_the_bot(phone: Phone) -> None:
    vera = phone.emulator.person("Вера", staff=True)
    phone.emulator.start(phone.account, vera)
    phone.emulator.fault("429", method="sendMessage", times=2, retry_after=7)
    with pytest.raises(Throttled) as first:
        await phone.desk.show_copy(phone.seat, copy())
    with pytest.raises(Throttled) as second:
        await phone.desk.show_copy(replace(phone.seat, chat_id=vera.id), copy())
    assert (first.value.retry_after, first.value.scope) == (7, Scope.RECIPIENT)
    assert second.value.scope is Scope.CHANNEL


@pytest.mark.parametrize(
    ("kind", "error", "stands"),
    [
        ("500", Temporary, 0),
        ("refused", RecipientGone, 0),
        ("reset_before", Ambiguous, 0),
        ("reset_after", Ambiguous, 1),
    ],
)
async def test_failures_are_told_apart(phone: Phone, kind: str, error: type[Exception], stands: int) -> None:
    phone.emulator.fault(kind, method="sendMessage")
    with pytest.raises(error):
        await phone.desk.show_copy(phone.seat, copy())
    assert len(phone.sent()) == stands


async def test_nothing_left_is_no_doubt(phone: Phone) -> None:
    session = Session("http://127.0.0.1:9")
    desk = AiogramDesk({1: desk_bot(phone.account.token, session)}.__getitem__)
    with pytest.raises(Temporary):
        await desk.show_copy(phone.seat, copy())
    await session.close()


async def test_a_revoked_token_is_told_as_such(phone: Phone) -> None:
    phone.emulator.revoke(phone.account)
    with pytest.raises(CredentialsRevoked):
        await phone.desk.show_copy(phone.seat, copy())


async def test_a_short_wait_in_the_middle_is_waited_out(phone: Phone) -> None:
    phone.emulator.fault("429", method="sendSticker", retry_after=1)
    await phone.desk.show_copy(phone.seat, copy(message("", phone.medium(AttachmentKind.STICKER))))
    assert phone.kinds() == ["text", "sticker"]


@pytest.mark.parametrize(("kind", "error"), [("429", Throttled), ("reset_after", Ambiguous)])
async def test_what_fails_in_the_middle_leaves_nothing_half_shown(
    phone: Phone, kind: str, error: type[Exception]
) -> None:
    phone.emulator.fault(kind, method="sendSticker", retry_after=60)
    with pytest.raises(error):
        await phone.desk.show_copy(phone.seat, copy(message("", phone.medium(AttachmentKind.STICKER))))
    assert "text" not in phone.kinds()
