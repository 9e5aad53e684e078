"""VK's reactions by number. VK documents no list: these are the ones its own clients show, and others may join."""

from __future__ import annotations

from adapters.texts import N_

OTHER = N_("a reaction of VK")
EMOJI = {
    1: "❤", 2: "🔥", 3: "😂", 4: "👍", 5: "💩", 6: "❓", 7: "😭", 8: "😡", 9: "👎", 10: "👌", 11: "😃", 12: "🤔",
    13: "🙏", 14: "😘", 15: "😍", 16: "🎉",
}  # fmt: skip
_VARIATION = "\ufe0f"
_NUMBERS = {emoji: number for number, emoji in EMOJI.items()}


def emoji(number: int | None) -> tuple[str, ...]:
    """What stands on the message now; nothing where the reaction was taken back."""
    return () if number is None else (EMOJI.get(number, OTHER),)


def number(emoji: str) -> int | None:
    """VK's number of an emoji, if VK has it as a reaction."""
    return _NUMBERS.get(emoji.replace(_VARIATION, ""))
