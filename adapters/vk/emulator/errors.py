"""VK's refusals: HTTP 200 with a code and its words ("Error codes")."""

from __future__ import annotations

from .model import Json

WORDS = {
    1: "Unknown error occurred",
    3: "Unknown method passed",
    5: "User authorization failed: invalid access_token (4).",
    6: "Too many requests per second",
    7: "Permission to perform this action is denied",
    8: "Invalid request",
    9: "Flood control",
    10: "Internal server error: could not get application",
    15: "Access denied",
    27: "Group authorization failed: method is unavailable with group auth.",
    29: "Rate limit reached",
    100: "One of the parameters specified was missing or invalid",
    104: "Not found",
    113: "Invalid user id",
    121: "Invalid hash",
    900: "Can't send messages for users from blacklist",
    901: "Can't send messages for users without permission",
    902: "Can't send messages to this user due to their privacy settings",
    909: "Can't edit this message, because it's too old",
    910: "Can't sent this message, because it's too big",
    911: "Keyboard format is invalid",
    912: "This is a chat bot feature, change this status in settings",
    914: "Message is too long",
    917: "You don't have access to this chat",
    920: "Can't edit this kind of message",
    924: "Can't delete this message for everybody",
    936: "Contact not found",
    1009: "Unknown reaction passed",
    2000: "Servers number limit is reached",
}


class VkError(Exception):
    """A refusal with the code of VK."""

    def __init__(self, code: int, detail: str = "") -> None:
        self.code = code
        self.words = WORDS.get(code, "Unknown error occurred") + (f": {detail}" if detail else "")
        super().__init__(f"{code} {self.words}")

    def body(self, params: Json) -> Json:
        shown = [{"key": name, "value": str(value)} for name, value in params.items() if name != "access_token"]
        return {"error": {"error_code": self.code, "error_msg": self.words, "request_params": shown}}


def wrong(name: str, what: str = "is undefined") -> VkError:
    """Error 100 about one parameter."""
    return VkError(100, f"{name} {what}")
