// Text with entities to nodes and back. Offsets are UTF-16 units, which is what JavaScript strings count in.
// data-testid: message-text (set by message.js), spoiler.

import { h } from "./dom.js";
import { safeUrl } from "./links.js";

const INLINE = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code" };
const BARE = /(https?:\/\/[^\s<>"]+[^\s<>"'.,;:!?)\]»])|(^|\s)(\/[a-z][a-z0-9_]{0,31})(?![\w/])/gi;

/** Nodes for a text; on.link(url) and on.command(text) are called when the person taps. */
export function textNodes(text, entities, on) {
  const known = (entities || [])
    .map((entity) => ({ ...entity, end: entity.offset + entity.length }))
    .filter((entity) => entity.length > 0 && entity.offset >= 0 && entity.offset < text.length)
    .sort((a, b) => a.offset - b.offset || b.end - a.end);
  return range(text, 0, text.length, known, on, true);
}

function range(text, from, to, entities, on, outermost) {
  const nodes = [];
  const queue = [...entities];
  let at = from;
  while (queue.length) {
    const entity = queue.shift();
    const start = Math.max(entity.offset, at);
    const end = Math.min(entity.end, to);
    if (start >= end) continue;
    if (start > at) nodes.push(...plain(text.slice(at, start), on, outermost));
    const inside = [];
    for (let i = 0; i < queue.length && queue[i].offset < end;) {
      const [other] = queue.splice(i, 1);
      inside.push({ ...other, end: Math.min(other.end, end) });
      if (other.end > end) { // half inside: the rest goes on after this one
        queue.splice(i, 0, { ...other, offset: end });
        i += 1;
      }
    }
    queue.sort((a, b) => a.offset - b.offset || b.end - a.end);
    nodes.push(wrap(entity, text.slice(start, end), range(text, start, end, inside, on, false), on));
    at = end;
  }
  if (at < to) nodes.push(...plain(text.slice(at, to), on, outermost));
  nodes.forEach((node, i) => isBlock(node) && closeUp(nodes[i - 1], nodes[i + 1]));
  return nodes;
}

const isBlock = (node) => node.tagName === "PRE" || node.tagName === "BLOCKQUOTE";

/** A block begins and ends its own lines: the line breaks around it would show as empty ones. */
function closeUp(before, after) {
  if (before?.nodeType === Node.TEXT_NODE) before.data = before.data.replace(/\n$/, "");
  if (after?.nodeType === Node.TEXT_NODE) after.data = after.data.replace(/^\n/, "");
}

function plain(text, on, search) {
  if (!search) return [document.createTextNode(text)];
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(BARE)) {
    const start = found.index + (found[2]?.length || 0);
    if (start > at) nodes.push(document.createTextNode(text.slice(at, start)));
    const word = found[1] || found[3];
    nodes.push(found[1] ? link(word, [word], on) : command(word, [word], on));
    at = start + word.length;
  }
  if (at < text.length) nodes.push(document.createTextNode(text.slice(at)));
  return nodes;
}

function wrap(entity, text, inner, on) {
  if (INLINE[entity.type]) return h(INLINE[entity.type], null, inner);
  switch (entity.type) {
    case "pre": return h("pre", { data: { language: entity.language } }, h("code", null, inner));
    case "blockquote": return h("blockquote", null, inner);
    case "expandable_blockquote": return expandable(inner);
    case "spoiler": return spoiler(inner);
    case "url": return link(text, inner, on);
    case "text_link": return link(entity.url, inner, on);
    case "email": return link(`mailto:${text}`, inner, on);
    case "phone_number": return link(`tel:${text.replace(/[^\d+]/g, "")}`, inner, on);
    case "mention": return link(`https://t.me/${text.slice(1)}`, inner, on);
    case "bot_command": return command(text, inner, on);
    case "text_mention": case "hashtag": case "cashtag": return h("span.tag", null, inner);
    default: return h("span", { data: { entity: entity.type } }, inner);
  }
}

function link(url, inner, on) {
  const href = safeUrl(url);
  if (!href) return h("span", null, inner);
  return h("a", {
    href, target: "_blank", rel: "noopener noreferrer", title: href,
    onclick: (event) => { if (on?.link?.(url)) event.preventDefault(); },
  }, inner);
}

function command(text, inner, on) {
  return h("button.command-link", { onclick: () => on?.command?.(text) }, inner);
}

function spoiler(inner) {
  const reveal = (event) => {
    if (node.classList.contains("open")) return;
    event.preventDefault();
    event.stopPropagation();
    node.classList.add("open");
    node.setAttribute("aria-expanded", "true");
  };
  const node = h("span.spoiler", {
    testid: "spoiler", role: "button", tabindex: "0", "aria-expanded": "false",
    onkeydown: (event) => (event.key === "Enter" || event.key === " ") && reveal(event),
  }, h("span", null, inner));
  node.addEventListener("click", reveal, true);
  return node;
}

function expandable(inner) {
  const node = h("blockquote.expandable", { tabindex: "0", onclick: () => node.classList.toggle("open") }, inner);
  return node;
}

const MARKS = [
  ["```", "pre"], ["**", "bold"], ["__", "italic"], ["~~", "strikethrough"], ["||", "spoiler"], ["`", "code"],
];
const EDGE = /[\s.,;:!?()«»"'[\]{}—-]/;

/** What a person types with **bold** and `code` to {text, entities}; marks inside words (tokens!) stay as they are. */
export function fromTyped(typed) {
  let text = "";
  const entities = [];
  let at = 0;
  while (at < typed.length) {
    const hit = closed(typed, at);
    if (!hit) {
      text += typed[at];
      at += 1;
      continue;
    }
    const nested = hit.type === "pre" || hit.type === "code" ? { text: hit.inner, entities: [] } : fromTyped(hit.inner);
    entities.push({ type: hit.type, offset: text.length, length: nested.text.length });
    for (const entity of nested.entities) entities.push({ ...entity, offset: entity.offset + text.length });
    text += nested.text;
    at = hit.end;
  }
  return { text, entities };
}

function closed(typed, at) {
  if (at > 0 && !EDGE.test(typed[at - 1])) return null;
  for (const [mark, type] of MARKS) {
    if (!typed.startsWith(mark, at)) continue;
    for (let close = typed.indexOf(mark, at + mark.length); close > 0; close = typed.indexOf(mark, close + 1)) {
      const inner = typed.slice(at + mark.length, close);
      const end = close + mark.length;
      const tidy = type === "pre" ? inner.trim() : inner.trim() === inner && inner;
      if (tidy && (end === typed.length || EDGE.test(typed[end]))) {
        return { type, inner: type === "pre" ? inner.replace(/^\n|\n$/g, "") : inner, end };
      }
    }
  }
  return null;
}
