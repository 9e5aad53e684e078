"""Formatted text as the emulated Telegram reads it."""

from __future__ import annotations

from typing import Any

import pytest

Marks = list[tuple[str, int, int]]


def marks(message: dict[str, Any]) -> Marks:
    return [(e["type"], e["offset"], e["length"]) for e in message.get("entities", [])]


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("<b>bold</b> &lt;i&gt; &amp; &quot;", 'bold <i> & "', [("bold", 0, 4)]),
        ("<B>a<i>b</i></B>", "ab", [("bold", 0, 2), ("italic", 1, 1)]),
        ("🙂<u>x</u>", "🙂x", [("underline", 2, 1)]),
        ("<s>1</s><del>2</del><strike>3</strike>", "123", [("strikethrough", n, 1) for n in range(3)]),
        ('<a href="https://pult.test/a?b=1&amp;c=2">l</a>', "l", [("text_link", 0, 1)]),
        ('<a href="nowhere">l</a>', "l", []),
        ("<tg-spoiler>a</tg-spoiler>", "a", [("spoiler", 0, 1)]),
        ('<span class="tg-spoiler">a</span>', "a", [("spoiler", 0, 1)]),
        ("<blockquote expandable>a</blockquote>", "a", [("expandable_blockquote", 0, 1)]),
        ('<pre><code class="language-python">x</code></pre>', "x", [("pre", 0, 1)]),
        ('<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>', "👍", [("custom_emoji", 0, 2)]),
        ("  <b> a </b>  ", "a", [("bold", 0, 1)]),
        ("&#1055;&#x41; &unknown; 5 & 6", "ПA &unknown; 5 & 6", []),
        ("/start @pult_bot pult.test #tag", "/start @pult_bot pult.test #tag", None),
    ],
)
async def test_html_is_read(call: Any, chat: int, source: str, text: str, expected: Marks | None) -> None:
    sent = await call.ok("sendMessage", chat_id=chat, text=source, parse_mode="HTML")
    assert sent["text"] == text
    found = [("bot_command", 0, 6), ("mention", 7, 9), ("url", 17, 9), ("hashtag", 27, 4)]
    assert marks(sent) == (found if expected is None else expected)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("я<x>a</x>", 'Unsupported start tag "x" at byte offset 2'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b><i>a</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler"'),
        ("<b>a</b", "Unclosed end tag"),
    ],
)
async def test_broken_html_is_refused(call: Any, chat: int, source: str, words: str) -> None:
    refusal = await call.refused("sendMessage", chat_id=chat, text=source, parse_mode="HTML")
    assert refusal.startswith("Bad Request: can't parse entities: ")
    assert words in refusal


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("*b* _i_ __u__ ~s~ ||h||", "b i u s h", ["bold", "italic", "underline", "strikethrough", "spoiler"]),
        ("*a _b_*", "a b", ["bold", "italic"]),
        (r"1\.5 \- \*", "1.5 - *", []),
        (r"[a](https://pult.test/x\)y)", "a", ["text_link"]),
        ("`a*b` ```python\nx.y()```", "a*b x.y()", ["code", "pre"]),
        (">one\n>two\nthree", "one\ntwo\nthree", ["blockquote"]),
        ("**>one\n>two||", "one\ntwo", ["expandable_blockquote"]),
        ("![👍](tg://emoji?id=5368324170671202286)", "👍", ["custom_emoji"]),
    ],
)
async def test_markdown_is_read(call: Any, chat: int, source: str, text: str, expected: list[str]) -> None:
    sent = await call.ok("sendMessage", chat_id=chat, text=source, parse_mode="MarkdownV2")
    assert sent["text"] == text
    assert [mark[0] for mark in marks(sent)] == expected


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("1.5", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("a!", "Character '!' is reserved"),
        ("я*b", "Can't find end of Bold entity at byte offset 2"),
        ("[a](b", "Can't find end of a URL"),
        ("*a _b* c_", "Can't find end of Italic entity"),
    ],
)
async def test_broken_markdown_is_refused(call: Any, chat: int, source: str, words: str) -> None:
    refusal = await call.refused("sendMessage", chat_id=chat, text=source, parse_mode="MarkdownV2")
    assert words in refusal


async def test_the_old_markdown_is_read(call: Any, chat: int) -> None:
    sent = await call.ok("sendMessage", chat_id=chat, text="*b* [l](https://a.test) 1.5", parse_mode="Markdown")
    assert (sent["text"], marks(sent)) == ("b l 1.5", [("bold", 0, 1), ("text_link", 2, 1)])
    assert "Can't find end" in await call.refused("sendMessage", chat_id=chat, text="*b", parse_mode="Markdown")


async def test_explicit_entities_are_checked(call: Any, chat: int) -> None:
    async def with_entity(text: str = "a🙂b", **entity: Any) -> str:
        return str(await call.refused("sendMessage", chat_id=chat, text=text, entities=[entity]))

    sent = await call.ok(
        "sendMessage", chat_id=chat, text="a🙂b", entities=[{"type": "bold", "offset": 1, "length": 2}]
    )
    assert marks(sent) == [("bold", 1, 2)]
    assert "after the end of the text" in await with_entity(type="bold", offset=1, length=9)
    assert "middle of a UTF-16 symbol" in await with_entity(type="bold", offset=2, length=1)
    assert "unsupported type" in await with_entity(type="blink", offset=0, length=1)
    assert 'field "offset"' in await with_entity(type="bold", length=1)
    assert '"url"' in await with_entity(type="text_link", offset=0, length=1)
    assert "can't parse" in await call.refused("sendMessage", chat_id=chat, text="a", entities="[[")


async def test_captions_have_their_own_limit(call: Any, chat: int) -> None:
    refusal = await call.refused("sendVideo", chat_id=chat, video="x", caption="c" * 1025)
    assert refusal == "Bad Request: message caption is too long"
