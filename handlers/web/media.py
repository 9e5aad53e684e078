"""Files for platforms that fetch by address: signed, expiring links; nothing that a browser would run."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from handlers.web.context import WEB
from services import clock
from services.files import FileView
from services.links import BadLink, Linked
from services.media_types import INLINE, UNKNOWN, extension

routes = web.RouteTableDef()


@routes.get("/media/{token:[A-Za-z0-9_-]+}.{extension:[a-z0-9]+}")
async def media(request: web.Request) -> web.StreamResponse:
    """HEAD and Range are the library's work."""
    services = request.app[WEB]
    try:
        linked = services.links.read(request.match_info["token"])
    except BadLink:
        raise web.HTTPNotFound from None
    file = await services.files.view(linked.file_id, fitted=linked.fitted)
    if file is None or request.match_info["extension"] != extension(file.mime) or not file.path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(file.path, headers=_headers(file, linked))


def _headers(file: FileView, linked: Linked) -> dict[str, str]:
    left = max(0, int((linked.until - clock.now()).total_seconds()))
    shown = file.mime in INLINE
    return {
        "Content-Type": file.mime if shown or not _runs(file.mime) else UNKNOWN,
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(file.name, safe='')}",
        "Cache-Control": f"public, max-age={left}, immutable",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }


def _runs(mime: str) -> bool:
    """Whether a browser might take it for a page."""
    return mime.startswith("text/") or "xml" in mime or "html" in mime or "script" in mime
