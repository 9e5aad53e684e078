// The scrolled list of messages: keyed rows, a window of the newest blocks that grows upwards, and a held position.
// data-testid: timeline, day, to-bottom (with data-unread).

import { h, iconButton } from "./dom.js";
import { dayKey, dayTitle, t } from "./i18n.js";
import { messageNode } from "./message.js";
import { markSeen, unreadIn } from "./unread.js";

const WINDOW = 60; // blocks drawn at first and added at each reach of the top
const KEPT = 240; // drawn blocks kept while the reader stands at the bottom
const RUN = 5 * 60 * 1000; // messages of one author closer than this share a tail
const NEAR = 48;

export class Timeline {
  constructor(ctx) {
    this.ctx = ctx;
    this.drawn = new Map(); // block key -> {node, signature}
    this.size = WINDOW;
    this.stuck = true;
    this.saved = 0;
    this.list = h("div.rows");
    this.nothing = h("p.timeline-empty", null, t("no_messages"));
    this.scroller = h("div.timeline", {
      testid: "timeline", role: "log", tabindex: "0", "aria-label": t("timeline", { name: ctx.botName() }),
      onscroll: () => this.scrolled(),
    }, this.nothing, this.list);
    this.badge = h("span.badge", { hidden: true });
    this.jumpDown = iconButton("down", t("to_bottom"), { class: "to-bottom", testid: "to-bottom", hidden: true, onclick: () => this.toBottom(true) });
    this.jumpDown.append(this.badge);
    this.node = h("div.timeline-box", null, this.scroller, this.jumpDown);
    this.watcher = new ResizeObserver(() => this.stuck && this.toBottom());
    this.watcher.observe(this.list);
    this.watcher.observe(this.scroller);
  }

  destroy() {
    this.watcher.disconnect();
  }

  get visible() {
    // On a small screen phones lie on each other, all but one of them hidden.
    return this.scroller.clientHeight > 0 && getComputedStyle(this.scroller).visibility === "visible";
  }

  update() {
    const blocks = toBlocks(this.ctx.chat());
    if (this.stuck && this.size > KEPT) this.size = WINDOW;
    const shown = blocks.slice(-this.size);
    this.hidden = blocks.length - shown.length;
    this.nothing.hidden = blocks.length > 0;
    this.#reconcile(shown);
    if (this.stuck) this.toBottom();
    this.#unread();
  }

  #reconcile(blocks) {
    const wanted = new Set(blocks.map((block) => block.key));
    for (const [key, { node }] of this.drawn) {
      if (wanted.has(key)) continue;
      node.remove();
      this.drawn.delete(key);
    }
    let place = this.list.firstChild;
    for (const block of blocks) {
      const old = this.drawn.get(block.key);
      if (old && old.signature === block.signature) {
        if (old.node === place) place = place.nextSibling;
        else this.list.insertBefore(old.node, place);
        continue;
      }
      const node = block.day ? dayNode(block) : messageNode(block.messages, block, this.ctx);
      if (old) {
        if (old.node === place) place = place.nextSibling;
        keepFocus(old.node, node);
        old.node.replaceWith(node);
      } else {
        this.list.insertBefore(node, place);
      }
      this.drawn.set(block.key, { node, signature: block.signature });
    }
  }

  scrolled() {
    if (!this.visible) return;
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    // Content that grows below (pictures loading) also fires scroll events: only a move upwards lets go of the bottom.
    if (scrollHeight - scrollTop - clientHeight < NEAR) this.stuck = true;
    else if (scrollTop < this.saved) this.stuck = false;
    this.saved = scrollTop;
    if (scrollTop < 300 && this.hidden > 0) this.grow(WINDOW);
    this.#unread();
  }

  /** Draws older blocks above without moving what is being read. */
  grow(count) {
    const { scrollHeight, scrollTop } = this.scroller;
    this.size += count;
    this.update();
    this.scroller.scrollTop = scrollTop + (this.scroller.scrollHeight - scrollHeight);
  }

  #unread() {
    const chat = this.ctx.chat();
    const last = chat.order[chat.order.length - 1] || 0;
    if (this.stuck && this.visible && !document.hidden && markSeen(chat, last)) this.ctx.onseen?.();
    const unread = unreadIn(chat);
    this.jumpDown.hidden = this.stuck;
    this.jumpDown.dataset.unread = String(unread);
    this.badge.hidden = unread === 0;
    this.badge.textContent = String(unread);
  }

  toBottom(smooth = false) {
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: smooth ? "smooth" : "instant" });
  }

  /** Called when a hidden phone is shown again: browsers forget the place of hidden scrollers. */
  shown() {
    if (this.stuck) this.toBottom();
    else this.scroller.scrollTop = this.saved;
    this.#unread();
  }

  find(id) {
    return this.list.querySelector(`[data-ids~="${CSS.escape(String(id))}"]`);
  }

  /** Scrolls to a message, drawing older ones if needed; false when it is gone. */
  jump(id) {
    if (!this.ctx.chat().messages.has(id)) return false;
    while (!this.find(id) && this.hidden > 0) this.grow(WINDOW * 2);
    const node = this.find(id);
    if (!node) return false;
    this.stuck = false;
    node.scrollIntoView({ block: "center", behavior: "instant" });
    this.scrolled();
    node.classList.remove("flash");
    void node.offsetWidth; // restarts the animation
    node.classList.add("flash");
    node.focus({ preventScroll: true });
    return true;
  }
}

function keepFocus(old, fresh) {
  const active = document.activeElement;
  if (!active || !old.contains(active)) return;
  const { row, column, testid } = active.dataset;
  const same = active === old ? fresh
    : row !== undefined ? fresh.querySelector(`[data-row="${row}"][data-column="${column}"]`)
      : fresh.querySelector(`[data-testid="${testid}"]`);
  queueMicrotask(() => (same || fresh).focus({ preventScroll: true }));
}

const moments = new Map(); // reading dates is the dear part of a long chat

function momentOf(at) {
  let moment = moments.get(at);
  if (!moment) moments.set(at, moment = { time: Date.parse(at), day: dayKey(at) });
  return moment;
}

function toBlocks(chat) {
  const blocks = [];
  let day = null;
  for (const id of chat.order) {
    const message = chat.messages.get(id);
    const { day: today } = momentOf(message.at);
    if (today !== day) {
      day = today;
      blocks.push({ key: `day ${today} ${id}`, day: message.at, signature: dayTitle(message.at) });
    }
    const last = blocks[blocks.length - 1];
    if (message.group && last.group === message.group && last.from === message.from) last.messages.push(message);
    else blocks.push({ key: `m${id}`, messages: [message], group: message.group, from: message.service ? "service" : message.from });
  }
  blocks.forEach((block, i) => block.day || finish(block, blocks[i - 1], blocks[i + 1], chat));
  return blocks;
}

function finish(block, before, after, chat) {
  const joined = (a, b) => !a.day && !b.day && a.from === b.from
    && Math.abs(momentOf(b.messages[0].at).time - momentOf(a.messages[0].at).time) < RUN;
  block.first = !before || !joined(before, block);
  block.last = !after || !joined(block, after);
  const quoted = block.messages[0].reply_to;
  const parts = block.messages.map((message) => `${message.id}v${message.version}`).join(" ");
  block.signature = `${parts} ${block.first}${block.last} ${quoted ? chat.messages.get(quoted)?.version : ""}`;
}

function dayNode(block) {
  return h("div.day", { testid: "day" }, h("span", null, dayTitle(block.day)));
}
