// One message (or one album) as a row of the chat.
// data-testid: message [data-id, data-from, data-ids], message-text, message-time, mark-edited, mark-silent,
// mark-protected, reply-quote, forwarded, service, inline-button [data-kind, data-style], reaction, message-more.

import { h, icon } from "./dom.js";
import { textNodes } from "./entities.js";
import { fullTime, t, timeOf } from "./i18n.js";
import { VISUAL, albumNode, contactNode, mediaNode, otherNode, placeNode, summary } from "./media.js";

/** messages: one, or the parts of an album; look: {first, last} of a run by one author; ctx: the chat on its phone. */
export function messageNode(messages, look, ctx) {
  const [message] = messages;
  if (message.service) return serviceNode(message);
  const worded = messages.find((part) => part.text) || message;
  const bare = isBare(worded);
  const bubble = h("div.bubble", { class: kindClass(messages, worded, bare) },
    message.forwarded_from && h("div.forwarded", { testid: "forwarded" }, icon("forward"), t("forwarded", { name: message.forwarded_from })),
    message.reply_to && quoteNode(message, ctx),
    bodyNodes(messages, ctx),
    textBlock(worded, bare, ctx));
  const tools = h("button.more", {
    testid: "message-more", tabindex: "-1", "aria-label": t("message_actions"), title: t("message_actions"),
    onclick: (event) => ctx.menu(message, event.currentTarget.getBoundingClientRect(), node),
  }, icon("down"));
  const node = h("div.row", {
    testid: "message", tabindex: "-1", role: "article", "aria-label": spoken(messages, ctx),
    class: `${message.from === "bot" ? "in" : "out"}${look.first ? " first" : ""}${look.last ? " last" : ""}`,
    data: { id: message.id, from: message.from, ids: messages.map((part) => part.id).join(" ") },
  }, h("div.stack", null,
    h("div.bubble-line", null, bubble, tools), buttonRows(worded, ctx), reactionRow(messages, ctx)));
  return node;
}

function spoken(messages, ctx) {
  const who = messages[0].from === "bot" ? ctx.botName() : t("you");
  return `${who}, ${timeOf(messages[0].at)}: ${messages.map(summary).join(", ").slice(0, 200)}`;
}

const isBare = (message) => ["sticker", "video_note"].includes(message.media?.kind) || (message.other === "dice" && !message.text);

function kindClass(messages, worded, bare) {
  if (bare) return "bare";
  const visual = spread(messages).every((part) => part.media && VISUAL.has(part.media.kind));
  if (visual) return worded.text ? "visual-bubble" : "visual-bubble wordless";
  return worded.location ? "visual-bubble place-bubble" : "";
}

/** A message with several media, as messages of an album, each with one of them. */
function spread(messages) {
  return messages.flatMap((message) => [message, ...(message.more_media || []).map((media) => ({ id: message.id, media }))]);
}

function bodyNodes(whole, ctx) {
  const [message] = whole, messages = spread(whole);
  if (messages.length > 1 && messages.every((part) => part.media && VISUAL.has(part.media.kind))) return albumNode(messages);
  return messages.map((part) => [
    part.media && h("div.media-part", { data: { partId: part.id } }, mediaNode(part.media)),
    part.location && placeNode(part.location, ctx.toast),
    part.contact && contactNode(part.contact, ctx.toast),
    part.other && otherNode(part.other),
    part !== message && !part.media && part.text,
  ]);
}

function textBlock(message, bare, ctx) {
  const meta = metaNode(message);
  if (!message.text) return h("div.wordless-meta", null, meta);
  const big = !bare && !message.media && /^(\p{Extended_Pictographic}\uFE0F?\s?){1,3}$/u.test(message.text);
  return h("div.text", { dir: "auto", class: big ? "big" : "" },
    h("span", { testid: "message-text" }, textNodes(message.text, message.entities, ctx.on)), meta);
}

function metaNode(message) {
  const mark = (name, testid, label) => h("span.mark", { testid, title: label, role: "img", "aria-label": label }, icon(name));
  return h("span.meta", { title: fullTime(message.at) },
    message.silent && mark("silent", "mark-silent", t("silent")),
    message.protected && mark("lock", "mark-protected", t("protected")),
    message.edited && h("span.edited", { testid: "mark-edited" }, t("edited")),
    h("time", { testid: "message-time", datetime: message.at }, timeOf(message.at)),
    message.from === "person" && mark("check", "mark-sent", t("sent")));
}

function quoteNode(message, ctx) {
  const original = ctx.chat().messages.get(message.reply_to);
  const picture = original?.media?.kind === "photo" && h("img.quote-picture", { src: original.media.url, alt: "" });
  if (picture) picture.onerror = () => picture.remove();
  return h("button.quote", {
    testid: "reply-quote", data: { to: message.reply_to }, onclick: () => ctx.jump(message.reply_to),
  }, picture, h("span.quote-body", null,
    h("b", null, original ? ctx.authorOf(original) : t("message")),
    h("span.quote-text", null, message.quote || summary(original))));
}

function serviceNode(message) {
  return h("div.service", { testid: "service", tabindex: "-1", data: { id: message.id, ids: String(message.id) } },
    h("span", { title: fullTime(message.at) }, WORDED.has(message.service) ? t(WORDED.get(message.service)) : message.service));
}

const WORDED = new Map([["opened the chat", "service_opened"]]);

const CORNER = { url: "external", web_app: "window", copy: "copy", inline: "forward", managed: "bot" };

function buttonRows(message, ctx) {
  if (!message.buttons?.length) return null;
  return h("div.buttons", null, message.buttons.map((row, y) => h("div.buttons-row", null, row.map((button, x) =>
    h("button.inline-button", {
      testid: "inline-button", title: button.kind === "url" ? button.value : null,
      class: ctx.waiting.has(`${message.id}:${y}:${x}`) ? "waiting" : "",
      "aria-busy": ctx.waiting.has(`${message.id}:${y}:${x}`) ? "true" : null,
      "aria-disabled": button.kind === "disabled" ? "true" : null,
      data: { kind: button.kind, style: button.style, row: y, column: x },
      onclick: () => ctx.press(message, y, x),
    }, h("span.inline-text", { dir: "auto" }, button.text), CORNER[button.kind] && icon(CORNER[button.kind], "corner"), h("span.spinner"))))));
}

function reactionRow(messages, ctx) {
  const given = messages.flatMap((part) => (part.reactions || []).map((reaction) => ({ ...reaction, id: part.id })));
  if (!given.length) return null;
  const byEmoji = new Map();
  for (const reaction of given) byEmoji.set(reaction.emoji, [...(byEmoji.get(reaction.emoji) || []), reaction]);
  return h("div.reactions", null, [...byEmoji].map(([emoji, from]) => {
    const own = from.find((reaction) => reaction.from === "person");
    const names = from.map((reaction) => (reaction.from === "person" ? t("you") : ctx.botName())).join(", ");
    return h("button.reaction", {
      testid: "reaction", "aria-pressed": own ? "true" : "false", title: names,
      "aria-label": `${t(own ? "unreact" : "react", { emoji })} (${names})`,
      data: { emoji, from: from.map((reaction) => reaction.from).join(" ") },
      onclick: () => ctx.react((own || from[0]).id, own ? null : emoji),
    }, h("span.reaction-emoji", null, emoji.length > 12 ? "⭐" : emoji),
    from.length > 1 && h("span.reaction-count", null, from.length));
  }));
}
