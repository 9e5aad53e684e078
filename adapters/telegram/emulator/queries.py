"""Answers to presses of buttons and to inline queries."""

from __future__ import annotations

from typing import Any

from .calls import method
from .errors import bad
from .model import BotAccount, Json
from .params import Params
from .target import text_of
from .world import World

_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
_RESULTS = frozenset(
    [
        "article",
        "photo",
        "gif",
        "mpeg4_gif",
        "video",
        "audio",
        "voice",
        "document",
        "location",
        "venue",
        "contact",
        "game",
        "sticker",
    ]
)


@method("answerCallbackQuery")
def answer_callback_query(world: World, bot: BotAccount, params: Params) -> bool:
    text = params.text("text")
    if len(text) > 200:
        raise bad("MESSAGE_TOO_LONG")
    query = world.callbacks.get(params.text("callback_query_id"))
    if query is None or query.bot is not bot:
        raise bad(_TOO_OLD)
    del world.callbacks[query.id]
    if world.clock() - query.asked_at > world.callback_seconds:
        raise bad(_TOO_OLD)
    answer = {"text": text, "alert": params.boolean("show_alert"), "url": params.text("url") or None}
    if query.answer is not None and not query.answer.done():
        query.answer.set_result(answer)
    return True


@method("answerInlineQuery")
def answer_inline_query(world: World, bot: BotAccount, params: Params) -> bool:
    data = params.data("results", "inline query results")
    if not isinstance(data, list):
        raise bad("can't parse inline query results: expected an Array of InlineQueryResult")
    if len(data) > 50:
        raise bad("RESULTS_TOO_MUCH")
    results = [_result(world, item) for item in data]
    if len({result["id"] for result in results}) < len(results):
        raise bad("RESULT_ID_DUPLICATE")
    query = world.inline_queries.pop(params.text("inline_query_id"), None)
    if query is None or query.bot is not bot:
        raise bad(_TOO_OLD)
    if not query.answer.done():
        query.answer.set_result(results)
    return True


def _result(world: World, item: Any) -> Json:
    if not isinstance(item, dict):
        raise bad("can't parse inline query result: expected an Object")
    if str(item.get("type")) not in _RESULTS:
        raise bad("can't parse inline query result: unsupported type specified")
    number = item.get("id")
    if not isinstance(number, str) or not 1 <= len(number.encode()) <= 64:
        raise bad("RESULT_ID_INVALID")
    result: Json = {"id": number, "type": item["type"], "title": item.get("title"), "content": None}
    if item["type"] == "article":
        if not isinstance(item.get("title"), str) or not item["title"]:
            raise bad('can\'t parse inline query result: Field "title" must be of type String')
        result["content"] = _content(world, item.get("input_message_content"))
    result["description"] = item.get("description")
    return result


def _content(world: World, data: Any) -> Json:
    if not isinstance(data, dict):
        raise bad("can't parse inline query result: Can't find field \"input_message_content\"")
    if "message_text" not in data:
        raise bad("can't parse inline query result: unallowed input message content")
    return text_of(world, Params({**data, "text": data["message_text"]}))
