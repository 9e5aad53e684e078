"""`python -m bot sweep`: whatever is past its days goes now, however much it is.

The service itself deletes a few days of history a day at most, should its clock be wrong; whoever asks for this has
looked at the clock, or has shortened PULT_FILES_DAYS to make room.
"""

from __future__ import annotations

from bot.beside import refuse_missing
from bot.database import close_database
from bot.settings import Settings
from bot.start import open_for
from services import app_bodies, control, inbox, sweeping
from services.files import Files
from services.retention import Everything
from services.store import Store


async def sweep(settings: Settings) -> int:
    """Returns how many files went."""
    await open_for(settings, refuse_missing)
    try:
        everything = Everything()
        await sweeping.refused_jobs(everything)
        await sweeping.held(everything)
        await control.sweep(everything)
        await inbox.forget(settings.events_days, everything)
        await app_bodies.sweep(2 * settings.events_days, everything)
        return await Files(Store(settings.data_dir / "files"), source=_nobody).retire(settings.files_days, everything)
    finally:
        await close_database()


async def _nobody(_channel_id: int) -> None:
    """Nothing is fetched here."""
