"""Refusals in the Graph API's form."""

from __future__ import annotations

import itertools

from .model import Json

_TRACES = itertools.count(1)


class GraphError(Exception):
    def __init__(
        self, message: str, code: int, subcode: int | None = None, *, status: int = 400, headers: Json | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.subcode = subcode
        self.status = status
        self.headers = {str(name): str(value) for name, value in (headers or {}).items()}

    @property
    def outcome(self) -> str:
        return f"{self.code}/{self.subcode}" if self.subcode else str(self.code)

    def body(self) -> Json:
        error: Json = {"message": self.message, "type": "OAuthException", "code": self.code}
        if self.subcode:
            error["error_subcode"] = self.subcode
        return {"error": error | {"fbtrace_id": f"A{next(_TRACES):010d}"}}


def bad(message: str, subcode: int | None = None) -> GraphError:
    return GraphError(f"(#100) {message}", 100, subcode)


def unknown(name: str) -> GraphError:
    return GraphError(
        f"Unsupported get request. Object with ID '{name}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation",
        100,
        33,
    )


def dead() -> GraphError:
    return GraphError("Error validating access token: The session has been invalidated.", 190, 460, status=401)


def not_allowed(what: str) -> GraphError:
    return GraphError(f"(#200) {what}", 200, status=403)


def window_closed() -> GraphError:
    return GraphError("(#10) This message is sent outside of allowed window.", 10, 2018278)
