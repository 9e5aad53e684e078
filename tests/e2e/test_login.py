"""Connecting by login, over real HTTP: the chat's buttons, a browser, the platforms' consent pages, every refusal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.base import Credentials
from adapters.telegram.emulator import TelegramEmulator
from models.enums import Role
from services import clock, login_keys, logins
from services.sql import fetch
from services.team import Team
from tests.e2e.conftest import HOST, opened
from tests.e2e.signing_in import TITLES, Desk, desk_of

FOREIGN: list[dict[str, str]] = [
    {}, {"Origin": "null"}, {"Origin": "https://evil.test"}, {"Origin": f"http://{HOST}"},
    {"Sec-Fetch-Site": "cross-site", "Origin": f"https://{HOST}"}, {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
]  # fmt: skip
"""What browsers say of a form that no page of this service has sent."""


@pytest.fixture
async def desk(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    async with desk_of(telegram, sqlite_copy, tmp_path / "data", monkeypatch) as desk:
        yield desk


async def channels() -> list[tuple[str, str, str]]:
    rows = await fetch("SELECT platform, name, state FROM channels ORDER BY id")
    return [(row["platform"], row["name"], row["state"]) for row in rows]


async def test_a_page_is_connected_by_signing_in_with_facebook(
    telegram: TelegramEmulator, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk_of(telegram, migrated_url, tmp_path / "data", monkeypatch) as desk:
        desk.accounts("facebook", "Кофейня", "Пекарня")
        end = await desk.signed_in("facebook")
        assert end.status == 200, end.text
        assert "Вернитесь в Telegram" in end.text
        assert end.button == "https://t.me/pult_bot"
        await desk.sees("Вход через Facebook выполнен")
        await desk.click("Выбрать")
        await desk.click("Пекарня")
        assert "Facebook: Пекарня" in (await desk.sees("Подключить?")).text
        await desk.click("Подключить")
        await desk.sees("Тип рассылок")
        assert await channels() == [("facebook", "Пекарня", "active")]


async def test_a_community_is_connected_by_signing_in_with_vk(
    telegram: TelegramEmulator, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk_of(telegram, migrated_url, tmp_path / "data", monkeypatch) as desk:
        _, bakery = desk.accounts("vk", "Кофейня", "Пекарня")
        assert "Вернитесь в Telegram" in (await desk.signed_in("vk")).text
        await desk.click("Вход выполнен")
        await desk.click("Пекарня")
        # The second page is about the key of this one community.
        await desk.sees("Пекарня: ключ VK выдаёт")
        invitation = await desk.browser.open(desk.link())
        assert "Пекарня" in invitation.text
        consent = await desk.browser.press(invitation)
        assert "manage the messages of Пекарня" in consent.text
        assert (await desk.browser.decide(consent)).status == 200
        await desk.sees("VK выдал ключ «Пекарня»")
        await desk.click("Продолжить")
        assert "VK: Пекарня" in (await desk.sees("Подключить?")).text
        await desk.click("Подключить")
        await desk.sees("Жду первое сообщение")
        assert await channels() == [("vk", "Пекарня", "active")]
        desk.vk.say(bakery, desk.vk.person("Анна"), "Есть хлеб?")
        await desk.sees("Есть хлеб?")


async def test_vks_older_form_of_a_key_is_read(desk: Desk) -> None:
    desk.vk.oauth.legacy = True
    desk.accounts("vk", "Кофейня")
    await desk.signed_in("vk")
    await desk.click("Выбрать")
    await desk.click("Кофейня")
    await desk.sees("Кофейня: ключ VK выдаёт")
    await desk.browser.decide(await desk.consent(desk.link()))
    await desk.click("Продолжить")
    await desk.sees("Подключить?")


@pytest.mark.parametrize("platform", TITLES)
async def test_the_last_of_three_hundred_is_found(desk: Desk, platform: str) -> None:
    made = desk.accounts(platform, *(f"Кофейня № {number}" for number in range(1, 301)))
    await desk.signed_in(platform)
    await desk.click("Выбрать")
    await desk.click("38")  # the last page of the list
    await desk.click("Кофейня № 300")
    await desk.sees("Подключить?" if platform == "facebook" else "Кофейня № 300: ключ VK выдаёт")
    person, project = await desk.office.place(desk.olga)
    found = await desk.office.parts.services.logins.found(person, project, 1)
    assert [one.id for one in found] == [str(one.id) for one in made]


@pytest.mark.parametrize("platform", TITLES)
async def test_a_state_is_good_once_and_in_one_browser(desk: Desk, platform: str) -> None:
    desk.accounts(platform, "Кофейня")
    title = TITLES[platform]
    thief = desk.another_browser()
    link = await desk.begin(platform)
    consent = await desk.consent(link)
    state, kept = desk.state(consent), {host: dict(jar) for host, jar in desk.browser.cookies.items()}
    # Somebody has read the state: without the cookie, or with one of the own, it opens nothing and uses nothing up.
    stolen = await thief.open(desk.back(platform, state=state, code="x"))
    assert stolen.status == 400
    assert "не тот браузер" in stolen.text
    oleg = await desk.office.owner("Олег")
    await thief.press(await thief.open(await desk.begin(platform, oleg)))
    assert "не тот браузер" in (await thief.open(desk.back(platform, state=state, code="x"))).text
    other = "vk" if platform == "facebook" else "facebook"
    assert "не тот браузер" in (await desk.browser.open(desk.back(other, state=state, code="x"))).text
    elsewhere = await desk.browser.open(link.replace(platform, other))
    assert "никуда не ведёт" in elsewhere.text
    # The browser that began it comes back: once.
    assert (await desk.browser.decide(consent)).status == 200
    await desk.sees(f"Вход через {title} выполнен")
    last = desk.browser.visited[-1]
    desk.browser.cookies |= kept
    again = await desk.browser.open(last)
    assert again.status == 400
    assert "уже использован" in again.text
    assert again.button == "https://t.me/pult_bot"
    assert "уже использован" in (await desk.browser.open(link)).text
    assert len(desk.office.holding(desk.olga, "выполнен")) == 1


@pytest.mark.parametrize("platform", TITLES)
async def test_nobody_is_led_past_the_page_that_says_for_whom(desk: Desk, platform: str) -> None:
    """Олег of another company has his own link and what can be made of it; Ольга's browser never showed the page."""
    desk.accounts(platform, "Кофейня")
    oleg = await desk.office.owner("Олег")
    link = await desk.begin(platform, oleg)
    thief, victim = desk.another_browser(), desk.another_browser()
    consent = await thief.press(await thief.open(link))
    # A picture, a frame or a form on some page of his opens whatever it likes: her browser keeps nothing of it.
    await victim.open(link)
    for headers in FOREIGN:
        assert (await victim.post(link, headers)).status == 403
    assert not any(victim.cookies.values())
    # He sends her to the platform itself, where she agrees to what she takes for something else.
    end = await victim.decide(consent)
    assert end.status == 400
    assert "не тот браузер" in end.text
    assert (await fetch("SELECT used_at, accounts FROM logins"))[0] == {"used_at": None, "accounts": None}
    # What he could have her browser keep, were it made of the key that he has: that opens nothing either.
    key, host = link.rpartition("/")[2], urlsplit(end.url).netloc
    for kept in (key, f"{key}.", f"{key}.x", "." + "x" * 43, ""):
        victim.cookies[host] = {f"__Host-pult_login_{platform}": kept, f"pult_login_{platform}": kept}
        state = login_keys.derived(kept, "state")
        assert "не тот браузер" in (await victim.open(desk.back(platform, state=state, code="x"))).text


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {"Origin": f"https://{HOST}"}]
)
async def test_browsers_old_and_new_say_that_the_pages_own_button_was_pressed(
    desk: Desk, headers: dict[str, str]
) -> None:
    desk.accounts("vk", "Кофейня")
    link = await desk.begin("vk")
    assert (await desk.browser.decide(await desk.browser.post(link, headers))).status == 200


async def test_what_one_person_found_is_nobody_elses(desk: Desk) -> None:
    adam = desk.office.telegram.person("Адам", staff=True)
    person, project = await desk.office.place(desk.olga)
    invitation = await Team().invite(person, project, Role.ADMINISTRATOR)
    desk.office.telegram.start(desk.office.desk, adam, invitation.start)
    own = await desk.sees("Добро пожаловать", adam)
    for platform, title in TITLES.items():
        desk.accounts(platform, "Кофейня")
        await desk.signed_in(platform)
        done = await desk.sees(f"Вход через {title} выполнен")
        data = next(one["callback_data"] for row in done.buttons for one in row)
        answer = await desk.office.telegram.press_data(own, data)
        assert answer is not None
        assert "слишком давно" in answer["text"]


@pytest.mark.parametrize("platform", TITLES)
async def test_a_quarter_of_an_hour_is_the_end(desk: Desk, platform: str) -> None:
    desk.accounts(platform, "Кофейня")
    consent = await desk.consent(link := await desk.begin(platform))
    clock.shift(timedelta(minutes=14, seconds=50))
    assert (await desk.browser.open(link)).status == 200
    clock.shift(timedelta(seconds=20))
    late = await desk.browser.decide(consent)
    assert late.status == 400
    assert "больше 15 минут" in late.text
    assert "больше 15 минут" in (await desk.browser.open(link)).text
    assert "больше 15 минут" in await desk.click("Вход выполнен")
    clock.shift(timedelta(hours=1, minutes=1))
    await logins.sweep()
    assert await fetch("SELECT id FROM logins") == []
    assert "никуда не ведёт" in (await desk.browser.open(link)).text


async def test_what_was_found_is_kept_for_an_hour(desk: Desk) -> None:
    done = []
    for platform, title in TITLES.items():
        desk.accounts(platform, "Кофейня")
        await desk.signed_in(platform)
        done.append(await desk.sees(f"Вход через {title} выполнен"))
    clock.shift(timedelta(hours=2))
    for message in done:
        answer = await desk.office.press(message, "Выбрать")
        assert answer is not None
        assert "слишком давно" in answer["text"]


async def test_who_does_not_agree_is_told_in_the_browser_and_in_the_chat(desk: Desk) -> None:
    for platform, title in TITLES.items():
        desk.accounts(platform, "Кофейня")
        end = await desk.browser.decide(await desk.consent(await desk.begin(platform)), "no")
        assert end.status == 400
        assert f"{title} не получил разрешения" in end.text
        assert end.button == "https://t.me/pult_bot"
        told = await desk.sees(f"{title} не получил разрешения")
        assert "Войти не получилось" in told.text
        assert "не удался" in await desk.click("Вход выполнен")


async def test_nothing_to_connect_is_said(desk: Desk) -> None:
    for platform, title in TITLES.items():
        end = await desk.signed_in(platform)
        assert end.status == 400
        assert f"{title} не показывает ничего" in end.text
        assert "Войти не получилось" in (await desk.sees(f"{title} не показывает ничего")).text


async def test_a_platform_that_does_not_answer_is_named(desk: Desk) -> None:
    for emulator, platform, title in ((desk.facebook, "facebook", "Facebook"), (desk.vk, "vk", "VK")):
        desk.accounts(platform, f"Кофейня {title}")
        emulator.oauth.fails = True  # type: ignore[attr-defined]
        end = await desk.signed_in(platform)
        assert end.status == 400
        assert f"{title} сейчас не отвечает" in end.text
        assert "Войти не получилось" in (await desk.sees(f"{title} сейчас не отвечает")).text
        emulator.oauth.fails = False  # type: ignore[attr-defined]
        await desk.signed_in(platform)
        await desk.sees(f"Вход через {title} выполнен")
        await desk.click("Выбрать")
        await desk.click(f"Кофейня {title}")


async def test_a_forged_code_is_refused(desk: Desk) -> None:
    for platform, title in TITLES.items():
        state = desk.state(await desk.consent(await desk.begin(platform)))
        end = await desk.browser.open(desk.back(platform, state=state, code="forged", device_id="x"))
        assert f"{title} больше не принимает этот вход" in end.text
        state = desk.state(await desk.consent(await desk.begin(platform)))
        words = "<script>alert(1)</script>"
        end = await desk.browser.open(desk.back(platform, state=state, error="server_error", error_description=words))
        assert "не дал войти: причина — в журнале сервиса" in end.text
        assert "script" not in end.text


async def test_pages_that_cannot_be_connected_say_why(desk: Desk) -> None:
    editors, limited = desk.accounts("facebook", "У редактора", "С возрастом")
    desk.facebook.world.keys[editors.token].tasks = frozenset({"CREATE_CONTENT"})
    limited.hidden = True
    await desk.signed_in("facebook")
    await desk.click("Выбрать")
    listed = await desk.sees("Что подключить?")
    assert listed.labels()[0] == "⚠️ У редактора"
    assert "С возрастом" not in str(listed.labels())
    assert "редактор подключить её не может" in await desk.click("У редактора")
    assert await channels() == []


async def test_communities_that_cannot_be_connected_say_why(desk: Desk) -> None:
    desk.vk.create_community("Закрытое", "closed_club", closed=1)
    desk.vk.create_community("Частное", "private_club", closed=2)
    desk.vk.create_community("Удалённое", "deleted_club", deactivated="banned")
    desk.vk.create_community("Чужое" + " и длинное" * 6, "edited_club", administered=False)
    fading = desk.vk.create_community("Бывшее", "fading_club")
    await desk.signed_in("vk")
    await desk.click("Выбрать")
    assert (await desk.sees("Что подключить?")).labels()[4] == "Бывшее"
    for name, why in (
        ("Закрытое", "закрытое: посторонние"), ("Частное", "частное: его видят"),
        ("Удалённое", "заблокировано или удалено"),
    ):  # fmt: skip
        assert why in await desk.click(name)
    # What is too long to pop up stands in the chat.
    await desk.click("Чужое")
    assert "Вы не администратор" in (await desk.sees("или назначит администратором вас")).text
    # Whoever is an administrator no more when it comes to the key.
    await desk.click("Бывшее")
    await desk.sees("Бывшее: ключ VK выдаёт")
    consent = await desk.consent(desk.link())
    fading.administered = False
    end = await desk.browser.decide(consent)
    assert "VK не дал войти: причина — в журнале сервиса" in end.text
    assert await channels() == []


async def test_a_wrong_secret_of_the_app_is_named(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"PULT_FACEBOOK_APP_SECRET": "f" * 32, "PULT_VK_APP_SECRET": "wrong-key"}
    async with desk_of(telegram, sqlite_copy, tmp_path / "data", monkeypatch, **wrong) as desk:
        desk.accounts("facebook", "Кофейня")
        assert "PULT_FACEBOOK_APP_SECRET" in (await desk.signed_in("facebook")).text
        desk.accounts("vk", "Кофейня")
        await desk.signed_in("vk")
        await desk.click("Вход выполнен")
        await desk.click("Кофейня")
        await desk.sees("Кофейня: ключ VK выдаёт")
        end = await desk.browser.decide(await desk.consent(desk.link()))
        assert "PULT_VK_APP_SECRET" in end.text
        assert f"https://{HOST}/login/vk" in end.text


async def test_who_lost_the_right_meanwhile_connects_nothing(desk: Desk) -> None:
    desk.accounts("facebook", "Кофейня")
    person, project = await desk.office.place(desk.olga)
    invitation = await Team().invite(person, project, Role.ADMINISTRATOR)
    adam = desk.office.telegram.person("Адам", staff=True)
    desk.office.telegram.start(desk.office.desk, adam, invitation.start)
    await desk.sees("Добро пожаловать", adam)
    consent = await desk.consent(await desk.begin("facebook", adam))
    member = (await fetch("SELECT id FROM members WHERE name = 'Адам'"))[0]["id"]
    await Team().remove(person, project, member)
    end = await desk.browser.decide(consent)
    assert end.status == 400
    assert "больше не может подключать" in end.text
    assert (await fetch("SELECT used_at, accounts FROM logins"))[0] == {"used_at": None, "accounts": None}


async def test_without_an_app_or_an_address_there_is_no_button(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(telegram, sqlite_copy, tmp_path / "data", monkeypatch, public=False, PULT_VK_APP_ID="1",
                      PULT_VK_APP_SECRET="k" * 20) as office:  # fmt: skip
        olga = await office.owner()
        place = await office.place(olga)
        service = office.parts.services.logins
        assert not any(service.available(platform) for platform in ("facebook", "vk", "viber", "telegram"))
        for platform, why in (("vk", "PULT_PUBLIC_URL"), ("facebook", "no app"), ("viber", "no app")):
            with pytest.raises(logins.Refusal, match=why):
                await service.begin(*place, platform)
        office.type(olga, "/connect")
        menu = await office.sees(olga, "Что подключаем?")
        await office.press(menu, "VK")
        guide = await office.sees(olga, "Подключаем VK")
        assert "Войти" not in str(guide.labels())
    clock.reset()


async def test_the_pages_speak_the_members_language_and_give_nothing_away(desk: Desk) -> None:
    desk.accounts("facebook", "Кофейня")
    jane = desk.office.telegram.person("Jane", staff=True, language="en")
    desk.office.telegram.start(desk.office.desk, jane)
    await desk.office.until(lambda: desk.office.sent(jane))
    desk.office.type(jane, "/connect")
    await desk.click("Facebook", jane)
    await desk.click("Sign in with Facebook", jane)
    message = await desk.sees("15 minutes", jane)
    link = next(one["url"] for row in message.buttons for one in row if "url" in one)
    page = await desk.browser.open(link)
    assert "Jane connects channels" in page.text
    assert '<html lang="en">' in page.text
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    consent = await desk.browser.press(page)
    end = await desk.browser.decide(consent)
    assert end.headers["Referrer-Policy"] == "no-referrer"
    assert "Go back to Telegram" in end.text
    for secret in parse_qs(urlsplit(desk.browser.visited[-1]).query).values():
        assert secret[0] not in end.text
    nobody = await desk.browser.open(f"https://{HOST}/login/facebook/{'x' * 43}", language="en-GB")
    assert "This link leads nowhere" in nobody.text
    assert (await desk.browser.open(f"https://{HOST}/login/nowhere/x")).status == 404


@pytest.mark.parametrize("platform", TITLES)
async def test_a_channel_gets_its_new_key_by_signing_in(desk: Desk, platform: str) -> None:
    _other, shop = desk.accounts(platform, "Пекарня", "Кофейня")
    person, project = await desk.office.place(desk.olga)
    channels_ = desk.office.parts.channels
    proposal = await channels_.identify(person, project, platform, Credentials(token=shop.token))
    view = await channels_.connect(person, project, proposal.ticket)
    (desk.facebook if platform == "facebook" else desk.vk).revoke(shop)
    with pytest.raises(logins.Refusal):
        await channels_.check(person, project, view.id)
    desk.office.type(desk.olga, "/channels")
    await desk.click("Кофейня")
    await desk.click("Новый токен")
    await desk.click(f"Войти через {TITLES[platform]}")
    await desk.sees("Кнопка действует 15 минут")
    assert (await desk.browser.decide(await desk.consent(desk.link()))).status == 200
    await desk.click("Продолжить")
    await desk.office.until(lambda: "Отключить" in str(desk.office.sent(desk.olga)[-1].labels()))
    await channels_.check(person, project, view.id)
    assert await channels() == [(platform, "Кофейня", "active")]


async def test_facebook_login_for_business_has_its_rights_in_a_configuration(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {"PULT_FACEBOOK_LOGIN_CONFIG": "1001"}
    async with desk_of(telegram, sqlite_copy, tmp_path / "data", monkeypatch, **config) as desk:
        desk.facebook.app.login_config = "1001"
        desk.accounts("facebook", "Кофейня")
        assert (await desk.signed_in("facebook")).status == 200
