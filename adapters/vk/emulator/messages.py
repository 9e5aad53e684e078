"""Methods about messages: send, edit, delete, react, read, type, answer a press, look back."""

from __future__ import annotations

import json
import re
from typing import Any

from .calls import method
from .errors import VkError, wrong
from .keyboards import invalid, judged
from .model import Community, Dialog, File, Json, Message
from .params import INT32, Params
from .wire import message_wire, person_wire
from .world import World

TEXT = 4096
ATTACHMENTS = 10
PEERS = 100
DAY = 24 * 3600
REMEMBERED_SECONDS = 3600
REMEMBERED_MESSAGES = 100
TYPING_SECONDS = 10
REACTIONS = range(1, 17)
ANSWER_SECONDS = 60
PAGE = 200
_WORD = re.compile(r"(photo|doc|audio_message|video|audio|wall|market)-?\d+_\d+(_\w+)?")
PAYLOAD = 1000
_MATTER = "message attachment lat long keyboard template dont_parse_links disable_mentions"


@method(
    "messages.send",
    "messages",
    f"peer_ids peer_id random_id reply_to forward sticker_id payload intent subscribe_id group_id {_MATTER}",
)
def send(world: World, community: Community, params: Params) -> Any:
    if "random_id" not in params:
        raise wrong("random_id")
    number = params.number("random_id") or 0
    if not -INT32 <= number < INT32:
        raise wrong("random_id", "should be a 32-bit integer")
    if payload := params.text("payload", limit=PAYLOAD):
        _judge_payload(payload)
    matter = _matter(world, community, params)
    single = params.number("peer_id")
    if single is not None:
        return _sent(world, community, single, number, matter, params).id
    peers = params.numbers("peer_ids", PEERS)
    if not peers:
        raise wrong("peer_ids")
    return [_item(world, community, peer, number, matter, params) for peer in peers]


def _judge_payload(payload: str) -> None:
    try:
        json.loads(payload)
    except ValueError:
        raise wrong("payload", "should be valid JSON") from None


def _item(world: World, community: Community, peer: int, number: int, matter: Json, params: Params) -> Json:
    try:
        message = _sent(world, community, peer, number, matter, params)
    except VkError as error:
        refusal = {"code": error.code, "description": error.words}
        return {"peer_id": peer, "message_id": 0, "conversation_message_id": 0, "error": refusal}
    return {"peer_id": peer, "message_id": message.id, "conversation_message_id": message.cmid}


def _sent(world: World, community: Community, peer: int, number: int, matter: Json, params: Params) -> Message:
    fault = world.faults.draw("api", community.id, peer, "messages.send", "refused") if world.faults.orders else None
    if fault is not None:
        raise VkError(fault.code)
    dialog = _writable(world, community, peer)
    if number and (known := _known(world, dialog, number)) is not None:
        return known
    replied = _replied(dialog, params)
    global_id, cmid = world.numbers(dialog)
    message = Message(
        dialog, global_id, cmid, True, world.now(), world.clock(), random_id=number, reply_to=replied, **matter
    )
    if number:
        dialog.randoms[number] = (world.clock(), message)
    if message.keyboard and not message.keyboard.get("inline"):
        dialog.keyboard = message.keyboard
    dialog.typing_until = 0.0
    world.place(message)
    world.tell_message("message_reply", message)
    return message


def _writable(world: World, community: Community, peer: int) -> Dialog:
    person = world.people.get(peer)
    if person is None:
        raise VkError(936 if peer > 0 else 917)
    dialog = world.dialog(community, person)
    if dialog.blacklisted:
        raise VkError(900)
    if person.deactivated:
        raise VkError(902)
    if dialog.denied or not dialog.allowed:
        raise VkError(901)
    return dialog


def _known(world: World, dialog: Dialog, number: int) -> Message | None:
    """The message of an earlier call with this random_id: within an hour, among the last hundred."""
    at, message = dialog.randoms.get(number, (0.0, None))
    if message is None or world.clock() - at > REMEMBERED_SECONDS:
        return None
    recent = list(dialog.messages.values())[-REMEMBERED_MESSAGES:]
    return message if message in recent else None


def _matter(world: World, community: Community, params: Params) -> Json:
    text = params.text("message")
    if len(text) > TEXT:
        raise VkError(914)
    latitude, longitude = params.decimal("lat", 90), params.decimal("long", 180)
    if (latitude is None) != (longitude is None):
        raise wrong("long" if longitude is None else "lat")
    attachments = _attachments(world, params.text("attachment"))
    if not (text or attachments or "sticker_id" in params):
        raise VkError(100, "message is empty or invalid")
    keyboard = params.data("keyboard")
    if keyboard is not None and not community.settings["bots_capabilities"]:
        raise VkError(912)
    point = {"coordinates": {"latitude": latitude, "longitude": longitude}, "type": "point"}
    return {
        "text": text,
        "attachments": attachments,
        "geo": point if latitude is not None else None,
        "keyboard": judged(keyboard) if keyboard is not None else None,
    }


def _attachments(world: World, words: str) -> list[File | Json]:
    found: list[File | Json] = []
    for word in filter(None, words.split(",")):
        if not _WORD.fullmatch(word):
            raise wrong("attachment", f"{word} is invalid")
        file = world.by_word(word)
        if file is None:
            raise wrong("attachment", f"{word} is not found")
        found.append(file)
    if len(found) > ATTACHMENTS:
        raise VkError(100, "too many attachments")
    if len(found) > 1 and any(isinstance(file, File) and file.kind == "audio_message" for file in found):
        raise VkError(100, "a voice message stands alone")
    return found


def _replied(dialog: Dialog, params: Params) -> int | None:
    if (global_id := params.number("reply_to")) is not None:
        message = next((one for one in dialog if one.id == global_id), None)
        if message is None:
            raise wrong("reply_to", "is invalid")
        return message.cmid
    forward = params.data("forward")
    if forward is None:
        return None
    if not isinstance(forward, dict) or not isinstance(forward.get("conversation_message_ids"), list):
        raise wrong("forward", "should name conversation_message_ids")
    cmids = forward["conversation_message_ids"]
    if not forward.get("is_reply") or len(cmids) != 1 or forward.get("peer_id") != dialog.person.id:
        raise wrong("forward", "is not supported here")
    # VK leaves out a reply to a message that is gone.
    return int(cmids[0]) if cmids[0] in dialog.messages else None


def _dialog(world: World, community: Community, params: Params) -> Dialog:
    person = world.people.get(params.number("peer_id", required=True) or 0)
    if person is None or person.id not in community.dialogs:
        raise VkError(936)
    return community.dialogs[person.id]


def _own_message(world: World, community: Community, params: Params) -> Message:
    dialog = _dialog(world, community, params)
    cmid, global_id = params.number("cmid"), params.number("message_id")
    if cmid is None and global_id is None:
        raise wrong("message_id")
    found = next((one for one in dialog if one.cmid == cmid or one.id == global_id), None)
    if found is None:
        raise VkError(104, "message is not found")
    return found


@method(
    "messages.edit",
    "messages",
    f"peer_id message_id cmid group_id keep_forward_messages keep_snippets {_MATTER}",
)
def edit(world: World, community: Community, params: Params) -> int:
    message = _own_message(world, community, params)
    if not message.out:
        raise VkError(920)
    if world.clock() - message.sent_at > DAY:
        raise VkError(909)
    for name, value in _matter(world, community, params).items():
        setattr(message, name, value)
    message.update_time = world.now()
    world.changes.tell("message", message)
    world.tell_message("message_edit", message)
    return 1


@method("messages.delete", "messages", "peer_id cmids message_ids delete_for_all group_id spam reason")
def delete(world: World, community: Community, params: Params) -> list[Json]:
    dialog = _dialog(world, community, params)
    return [_deleted(world, dialog, cmid, bool(params.flag("delete_for_all"))) for cmid in params.numbers("cmids", 100)]


def _deleted(world: World, dialog: Dialog, cmid: int, for_all: bool) -> Json:
    message = dialog.messages.get(cmid)
    item: Json = {"peer_id": dialog.person.id, "message_id": message.id if message else 0,
                  "conversation_message_id": cmid}  # fmt: skip
    if message is None:
        return item | {"response": 0, "error": {"code": 104, "description": "Not found"}}
    if for_all and (not message.out or world.clock() - message.sent_at > DAY):
        return item | {"response": 0, "error": {"code": 924, "description": VkError(924).words}}
    if for_all:
        del dialog.messages[cmid]
        world.changes.tell("message_gone", (dialog, cmid))
    return item | {"response": 1}


@method("messages.sendReaction", "messages", "peer_id cmid reaction_id")
def send_reaction(world: World, community: Community, params: Params) -> int:
    message, number = _own_message(world, community, params), params.number("reaction_id", required=True)
    if number is None or number not in REACTIONS:
        raise VkError(1009)
    message.reactions["bot"] = number
    world.changes.tell("message", message)
    return 1


@method("messages.deleteReaction", "messages", "peer_id cmid")
def delete_reaction(world: World, community: Community, params: Params) -> int:
    message = _own_message(world, community, params)
    message.reactions.pop("bot", None)
    world.changes.tell("message", message)
    return 1


@method(
    "messages.markAsRead",
    "messages",
    "peer_id message_ids start_message_id group_id mark_conversation_as_read up_to_cmid",
)
def mark_as_read(world: World, community: Community, params: Params) -> int:
    dialog = _dialog(world, community, params)
    upto = params.number("up_to_cmid")
    dialog.answered = max(dialog.answered, dialog.next - 1 if upto is None else upto)
    return 1


@method("messages.setActivity", "messages", "peer_id user_id type group_id")
def set_activity(world: World, community: Community, params: Params) -> int:
    if params.text("type") not in ("typing", "audiomessage", "photo", "video", "file"):
        raise wrong("type")
    person = world.people.get(params.number("peer_id", required=True) or 0)
    if person is None:
        raise VkError(936)
    dialog = world.dialog(community, person)
    dialog.typing_until = world.clock() + TYPING_SECONDS
    world.changes.tell("chat", dialog)
    return 1


@method("messages.sendMessageEventAnswer", "messages", "event_id user_id peer_id event_data")
def answer_press(world: World, community: Community, params: Params) -> int:
    event_id = params.text("event_id", required=True)
    user, peer = params.number("user_id", required=True), params.number("peer_id", required=True)
    press = world.presses.get(event_id)
    if press is None or press.dialog.community is not community or world.clock() - press.asked_at > ANSWER_SECONDS:
        raise VkError(100, "event_id is invalid or expired")
    if user != press.dialog.person.id or peer != press.dialog.person.id:
        raise VkError(100, "user_id does not fit event_id")
    data = params.data("event_data")
    del world.presses[event_id]
    if data is not None:
        _judge_answer(data)
    if not press.answer.done():
        press.answer.set_result(data)
    return 1


def _judge_answer(data: Any) -> None:
    kind = data.get("type") if isinstance(data, dict) else None
    if kind not in ("show_snackbar", "open_link", "open_app"):
        raise wrong("event_data", "has an unknown type")
    if kind == "show_snackbar" and not 1 <= len(str(data.get("text", ""))) <= 90:
        raise wrong("event_data", "text should have 1 to 90 characters")
    if len(json.dumps(data, ensure_ascii=False)) > 1000:
        raise invalid("event_data is too long")


@method("messages.getById", "messages", "message_ids cmids peer_id group_id extended fields preview_length")
def get_by_id(world: World, community: Community, params: Params) -> Json:
    if params.text("message_ids"):
        everything = (one for dialog in community.dialogs.values() for one in dialog)
        numbers = set(params.numbers("message_ids", 100))
        found = [message_wire(world, one) for one in everything if one.id in numbers]
        return {"count": len(found), "items": found}
    dialog = _dialog(world, community, params)
    wanted = set(params.numbers("cmids", 100))
    found = [message_wire(world, one) for one in dialog if one.cmid in wanted]
    return {"count": len(found), "items": found}


@method("messages.getHistory", "messages", "peer_id user_id count offset rev start_message_id group_id extended fields")
def get_history(world: World, community: Community, params: Params) -> Json:
    dialog = _dialog(world, community, params)
    newest = _page(list(reversed(dialog.messages.values())), params)
    return {"count": len(dialog.messages), "items": [message_wire(world, one) for one in newest]}


@method("messages.getConversations", "messages", "filter count offset group_id extended fields start_message_id")
def get_conversations(world: World, community: Community, params: Params) -> Json:
    chosen = params.text("filter") or "all"
    if chosen not in ("all", "unread", "unanswered", "important"):
        raise wrong("filter")
    found = [
        dialog for dialog in community.dialogs.values() if dialog.messages and (chosen == "all" or _unread(dialog))
    ]
    found.sort(key=lambda dialog: dialog.last().id, reverse=True)
    return {"count": len(found), "items": [_listed(world, dialog) for dialog in _page(found, params)]}


def _page(found: list[Any], params: Params) -> list[Any]:
    count, offset = params.number("count"), params.number("offset") or 0
    if count is not None and not 0 < count <= PAGE:
        raise wrong("count", f"should be from 1 to {PAGE}")
    return found[offset : offset + (count or 20)]


def _unread(dialog: Dialog) -> int:
    return sum(not one.out and one.cmid > dialog.answered for one in dialog)


def _listed(world: World, dialog: Dialog) -> Json:
    last = dialog.last()
    known = {one.cmid: one.id for one in dialog}
    conversation = {
        "peer": {"id": dialog.person.id, "type": "user", "local_id": dialog.person.id},
        "last_message_id": last.id,
        "last_conversation_message_id": last.cmid,
        "in_read": known.get(dialog.answered, 0),
        "out_read": known.get(dialog.read, 0),
        "version": last.id,
        "can_write": {"allowed": dialog.allowed and not dialog.denied},
    }
    unread = _unread(dialog)
    return {
        "conversation": conversation | ({"unread_count": unread} if unread else {}),
        "last_message": message_wire(world, last),
    }


@method("messages.isMessagesFromGroupAllowed", "messages", "group_id user_id")
def is_allowed(world: World, community: Community, params: Params) -> Json:
    dialog = community.dialogs.get(params.number("user_id", required=True) or 0)
    return {"is_allowed": int(dialog is not None and dialog.allowed and not dialog.denied)}


@method("users.get", None, "user_ids fields name_case from_group_id")
def users(world: World, community: Community, params: Params) -> list[Json]:
    found = (world.people.get(number) for number in params.numbers("user_ids", 1000))
    return [person_wire(world, person) for person in found if person is not None]
