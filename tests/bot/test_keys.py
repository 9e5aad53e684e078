from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from tortoise.connection import get_connection

from bot import keys
from bot.database import CONNECTION, close_database, open_database
from bot.migrate import migrate
from bot.rotation import rotate_keys
from bot.settings import Settings
from bot.start import open_for
from models import ControlBot
from models.fields import use_cipher
from services import clock


def settings_of(url: str, folder: Path, **more: str) -> Settings:
    return Settings(_env_file=None, database_url=url, data_dir=folder, **more)  # type: ignore[arg-type, call-arg]


async def make_bot(token: str) -> ControlBot:
    return await ControlBot.create(
        telegram_id=1, username="b", name="B", token=token, hook_key="k", hook_secret="s", created_at=clock.now()
    )


async def test_the_first_start_makes_tables_and_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    settings = settings_of(f"sqlite://{tmp_path}/data/pult.sqlite3", tmp_path / "data")

    first = await open_for(settings)
    await make_bot("words")
    await close_database()
    second = await open_for(settings)
    try:
        assert first == second
        assert stat.S_IMODE(os.stat(keys.key_file(settings)).st_mode) == 0o600
        assert (await ControlBot.get()).token == "words"
    finally:
        await close_database()


async def test_a_lost_key_is_not_replaced_while_secrets_need_it(tmp_path: Path) -> None:
    settings = settings_of(f"sqlite://{tmp_path}/pult.sqlite3", tmp_path)
    await migrate(settings.database_url)
    await open_for(settings)
    await make_bot("words")
    await close_database()
    keys.key_file(settings).unlink()

    with pytest.raises(keys.KeyLost, match=r"secret\.key is gone"):
        await open_for(settings)


async def test_after_a_change_of_keys_only_the_newest_is_needed(migrated_url: str, tmp_path: Path) -> None:
    old, new = keys.new_key(), keys.new_key()
    use_cipher(keys.cipher((old,)))
    await open_database(migrated_url)
    await make_bot("words")
    await close_database()

    changed = await rotate_keys(settings_of(migrated_url, tmp_path, secret_key=f"{new},{old}"), print)

    assert changed == 2
    use_cipher(keys.cipher((new,)))
    await open_database(migrated_url)
    try:
        assert (await ControlBot.get()).token == "words"
        raw = await get_connection(CONNECTION).execute_query_dict("SELECT token FROM control_bots")
        assert "words" not in raw[0]["token"]
    finally:
        await close_database()


async def test_a_key_file_gets_a_new_key_in_front_and_keeps_the_old(tmp_path: Path) -> None:
    settings = settings_of(f"sqlite://{tmp_path}/pult.sqlite3", tmp_path)
    (old,) = await open_for(settings)
    await make_bot("words")
    await close_database()

    await rotate_keys(settings, print)

    fresh, kept = keys.known(settings)
    assert kept == old
    assert await open_for(settings) == (fresh, old)
    try:
        assert (await ControlBot.get()).token == "words"
    finally:
        await close_database()


async def test_a_value_that_fits_no_key_stops_the_change(migrated_url: str) -> None:
    use_cipher(keys.cipher((keys.new_key(),)))
    await open_database(migrated_url)
    await make_bot("words")
    await close_database()

    with pytest.raises(keys.KeyLost, match=r"control_bots\.token"):
        await keys.rotate(migrated_url, (keys.new_key(),))
