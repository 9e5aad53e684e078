// The menu of one message: reactions, reply, edit, copy, forward, delete.
// data-testid: react [data-emoji]; entries are menu-item with data-action reply, reply-quote, edit, copy, forward, delete.

import { copyText, h } from "./dom.js";
import { confirmDialog } from "./dialogs.js";
import { t } from "./i18n.js";
import { closeMenu, openMenu } from "./menu.js";

const PALETTE = ["👍", "❤️", "🔥", "🎉", "😁", "👏", "🙏", "👌", "🤔", "😢", "👎", "👀"];

export function messageMenu(message, point, ctx, selected) {
  const own = message.from === "person";
  const forwardable = !message.protected;
  const items = [
    { icon: "reply", label: t("reply"), action: "reply", run: () => ctx.reply(message) },
    selected && { icon: "quote", label: t("reply_quote"), action: "reply-quote", run: () => ctx.reply(message, selected) },
    own && (message.text || message.media) && !message.forwarded_from
      && { icon: "edit", label: t("edit"), action: "edit", run: () => ctx.edit(message) },
    message.text && { icon: "copy", label: t("copy_text"), action: "copy", disabled: !forwardable, run: () => copy(selected || message.text, ctx) },
    { icon: "forward", label: t("forward"), action: "forward", disabled: !forwardable, note: forwardable ? null : t("copy_forbidden"), run: () => ctx.forward(message) },
    null,
    { icon: "trash", label: t("delete"), action: "delete", danger: true, run: () => remove(message, ctx) },
  ].filter((item) => item !== false && item !== "" && item !== undefined);
  openMenu(point, items.filter((item, i) => item || i), { label: t("message_actions"), header: palette(message, ctx) });
}

function palette(message, ctx) {
  const own = (message.reactions || []).find((reaction) => reaction.from === "person")?.emoji;
  const plain = (emoji) => emoji?.replace("\uFE0F", "");
  return h("div.palette", { role: "group" }, PALETTE.map((emoji) => {
    const set = plain(emoji) === plain(own);
    return h("button.palette-emoji", {
      testid: "react", "aria-label": t(set ? "unreact" : "react", { emoji }), "aria-pressed": String(set), data: { emoji },
      onclick: () => { closeMenu(); ctx.react(message.id, set ? null : emoji); },
    }, emoji);
  }));
}

async function copy(text, ctx) {
  if (await copyText(text)) ctx.toast(t("copied"));
}

async function remove(message, ctx) {
  if (await confirmDialog(t("delete_title"), t("delete_note"), t("yes_delete"), { danger: true })) ctx.remove(message.id);
}
