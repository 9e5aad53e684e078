// One chat with one bot on one person's phone: header, pinned bar, messages, and what one can do there.
// data-testid: chat [data-bot], chat-back, chat-name, chat-status, phone-menu, pinned, start, unblock, restart.

import { messageMenu } from "./actions.js";
import { Refused, api } from "./api.js";
import { Composer } from "./composer.js";
import { newBotDialog, phoneAlert, toast } from "./dialogs.js";
import { avatar, copyText, h, icon, iconButton } from "./dom.js";
import { gestures } from "./gestures.js";
import { t } from "./i18n.js";
import { botLink, safeUrl } from "./links.js";
import { summary } from "./media.js";
import { openMenu } from "./menu.js";
import { samplePlace } from "./samples.js";
import { chatKey } from "./store.js";
import { Timeline } from "./timeline.js";

function statusOf(chat, bot) {
  if (chat.typing) return "typing";
  if (chat.blocked) return "blocked_note";
  if (bot?.receiving === "nothing") return "not_receiving";
  return bot?.control ? "control_bot" : "bot";
}

export class Chat {
  constructor(store, phone, botId) {
    this.store = store;
    this.phone = phone;
    this.person = phone.person;
    this.bot = botId;
    this.key = chatKey(botId, phone.person);
    this.waiting = new Set(); // presses that wait for their answer
    this.on = { link: (url) => this.followInside(url), command: (text) => this.send({ text }) };
    this.toast = (text, kind) => toast(this.toasts, text, kind);
    this.onseen = () => phone.page.seen();
    this.menu = (message, anchor, row) => this.openActions(message, anchor, row);
    this.#build();
    this.update();
  }

  #build() {
    this.timeline = new Timeline(this);
    this.composer = new Composer(this, {
      send: (message) => this.send(message), files: (kind, files, extras) => this.sendFiles(kind, files, extras),
      edit: (id, text, entities) => this.act(() => api.edit(this.#at(), id, text, entities)),
      share: (what) => this.share(what), createBot: (suggested) => this.createBot(suggested), fail: (text) => this.toast(text, "bad"),
    });
    this.name = h("b.chat-name", { testid: "chat-name", dir: "auto" });
    this.status = h("span.chat-status", { testid: "chat-status" });
    this.face = h("span.chat-face");
    this.pinned = h("div.pinned", { hidden: true });
    this.footer = h("div.footer");
    this.toasts = h("div.toasts", { "aria-live": "polite" });
    this.node = h("div.chat", { testid: "chat", data: { bot: this.bot } },
      h("header.chat-head", null,
        iconButton("back", t("back"), { testid: "chat-back", onclick: () => this.phone.showList() }),
        this.face, h("span.chat-title", null, this.name, this.status), this.phone.menuButton()),
      this.pinned, this.timeline.node, this.composer.node, this.footer);
    this.timeline.node.append(this.toasts);
    gestures(this.timeline.scroller, {
      menu: (row, point, target) => this.openActions(this.#messageAt(row, target), point, row),
      reply: (row) => this.canWrite() && this.reply(this.#messageAt(row, row)),
    });
  }

  #messageAt(row, target) {
    const part = target.closest?.("[data-part-id]")?.dataset.partId;
    return this.chat().messages.get(Number(part || row.dataset.id));
  }

  #at() {
    return { bot: this.bot, person: this.person };
  }

  destroy() {
    this.timeline.destroy();
  }

  chat() {
    return this.store.chat(this.bot, this.person);
  }

  botName() {
    const bot = this.store.bots.get(this.bot);
    return bot?.name || bot?.username || t("bot");
  }

  authorOf(message) {
    return message.from === "bot" ? this.botName() : t("you");
  }

  canWrite() {
    const { started, blocked } = this.chat();
    return started && !blocked;
  }

  lastOwn() {
    const { order, messages } = this.chat();
    const id = order.findLast((one) => messages.get(one).from === "person" && messages.get(one).text);
    return id === undefined ? null : messages.get(id);
  }

  update() {
    const chat = this.chat();
    const bot = this.store.bots.get(this.bot);
    this.name.textContent = this.botName();
    this.face.replaceChildren(avatar(this.botName(), this.bot, "small"));
    this.status.textContent = t(statusOf(chat, bot));
    this.status.classList.toggle("typing", Boolean(chat.typing));
    this.node.classList.toggle("blocked", chat.blocked);
    this.#drawPinned(chat);
    this.#drawFooter(chat);
    this.timeline.update();
    this.composer.update();
  }

  #drawPinned(chat) {
    const ids = (chat.pinned || []).filter((id) => chat.messages.has(id)).sort((a, b) => a - b);
    const at = ids.includes(this.pinAt) ? this.pinAt : ids[ids.length - 1];
    this.pinned.hidden = !ids.length;
    const message = chat.messages.get(at);
    const signature = `${ids} ${at} ${message?.version}`;
    if (signature === this.pinDrawn) return;
    this.pinDrawn = signature;
    if (!ids.length) return void this.pinned.replaceChildren();
    const number = ids.indexOf(at) + 1;
    const title = ids.length > 1 ? t("pinned_n", { n: number, all: ids.length }) : t("pinned");
    this.pinned.replaceChildren(h("button.pinned-bar", {
      testid: "pinned", data: { id: at },
      onclick: () => { this.jump(at); this.pinAt = ids[(number - 2 + ids.length) % ids.length]; this.#drawPinned(this.chat()); },
    }, h("i.pinned-line", { style: { "--count": String(ids.length) } }), h("span.pinned-body", null, h("b", null, title), h("span", { dir: "auto" }, summary(message))), icon("pin")));
  }

  #drawFooter(chat) {
    const state = chat.blocked ? "blocked" : chat.started ? "open" : "new";
    this.composer.node.hidden = state !== "open";
    this.footer.hidden = state === "open";
    if (state === this.footerDrawn) return;
    this.footerDrawn = state;
    const big = (testid, label, run) => h("button.big-button", { testid, onclick: run }, label);
    if (state === "new") this.footer.replaceChildren(h("p", null, t("start_note")), big("start", t("start"), () => this.start()));
    else if (state === "blocked") this.footer.replaceChildren(big("restart", t("restart"), () => this.restart()));
    else this.footer.replaceChildren();
  }

  /** Runs a request; a refusal is said on the phone. */
  async act(request) {
    try {
      const answer = await request();
      for (const message of answer?.messages || (answer?.message ? [answer.message] : [])) this.#arrived(message);
      return answer || true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.toast(error.message === "offline" ? t("error_offline") : error.message, "bad");
      return null;
    }
  }

  #arrived(message) {
    if (message?.id) this.store.putAnswer(this.bot, this.person, message);
  }

  send(message) {
    this.timeline.stuck = true;
    return this.act(() => api.send(this.#at(), message));
  }

  sendFiles(kind, files, extras) {
    this.timeline.stuck = true;
    return this.act(() => api.sendFiles(this.#at(), kind, files, extras));
  }

  start(payload = null) {
    this.timeline.stuck = true;
    return this.act(() => api.start(this.#at(), payload));
  }

  async restart() {
    if (this.chat().blocked && !(await this.act(() => api.block(this.#at(), false)))) return;
    await this.start();
  }

  setBlocked(blocked) {
    return this.act(() => api.block(this.#at(), blocked));
  }

  remove(id) {
    return this.act(() => api.remove(this.#at(), id));
  }

  react(id, emoji) {
    return this.act(() => api.react(this.#at(), id, emoji));
  }

  reply(message, quote) {
    this.composer.reply(message, quote);
  }

  edit(message) {
    this.composer.startEdit(message);
  }

  jump(id) {
    if (!this.timeline.jump(id)) this.toast(t("gone"));
  }

  openActions(message, anchor, row) {
    if (!message || !this.canWrite()) return;
    const selection = getSelection();
    const inside = selection && !selection.isCollapsed && row?.contains(selection.anchorNode) && row.contains(selection.focusNode);
    const selected = inside ? selection.toString().trim() : "";
    messageMenu(message, anchor, this, selected && message.text?.includes(selected) ? selected : "");
  }

  forward(message) {
    const targets = this.phone.writableBots();
    const box = this.node.getBoundingClientRect();
    openMenu({ x: box.left + 40, y: box.top + box.height / 3 }, targets.map((bot) => ({
      icon: "bot", label: bot.name, action: `to-${bot.id}`, run: () => this.phone.forward(message, this.authorOf(message), bot.id),
    })), { label: t("forward_title"), header: h("b.menu-title", null, t("forward_title")) });
  }

  async share(what) {
    const agreed = await phoneAlert(this.node, t(`share_${what}_note`, { bot: this.botName() }), { yes: t("share"), title: t(`shared_${what}`) });
    if (!agreed) return;
    await this.act(() => api.share(this.#at(), what === "contact" ? { contact: true } : { location: samplePlace() }));
  }

  async createBot(suggested) {
    const wanted = await newBotDialog(suggested, this.botName());
    if (wanted) await this.act(() => api.share(this.#at(), { managed_bot: wanted }));
  }

  async press(message, row, column) {
    const button = message.buttons[row][column];
    switch (button.kind) {
      case "url": case "web_app": return this.openAddress(button.value);
      case "copy": return void ((await copyText(button.value)) && this.toast(t("copied")));
      case "inline": return this.composer.insert(`${button.value || ""}`.startsWith("@") ? button.value : `@${this.store.bots.get(this.bot)?.username} ${button.value || ""}`);
      case "disabled": return this.toast(t("inactive"));
      default: return this.#pressCallback(message, row, column);
    }
  }

  async #pressCallback(message, row, column) {
    const place = `${message.id}:${row}:${column}`;
    if (this.waiting.has(place)) return;
    this.#mark(place, message.id, row, column, true);
    const result = await this.act(() => api.press(this.#at(), message.id, row, column));
    this.#mark(place, message.id, row, column, false);
    if (!result) return;
    const { answer } = result;
    if (!answer) this.toast(t("no_answer"), "bad");
    else if (answer.url) this.openAddress(answer.url);
    else if (answer.text && answer.alert) await phoneAlert(this.node, answer.text);
    else if (answer.text) this.toast(answer.text);
  }

  #mark(place, id, row, column, waiting) {
    this.waiting[waiting ? "add" : "delete"](place);
    const button = this.timeline.find(id)?.querySelector(`.inline-button[data-row="${row}"][data-column="${column}"]`);
    button?.classList.toggle("waiting", waiting);
    if (waiting) button?.setAttribute("aria-busy", "true");
    else button?.removeAttribute("aria-busy");
  }

  openAddress(url) {
    if (this.followInside(url)) return;
    const safe = safeUrl(url);
    if (safe) window.open(this.store.reachable(safe), "_blank", "noopener,noreferrer");
    else this.toast(t("bad_link"), "bad");
  }

  /** Links to bots are played on this very phone; false lets the browser follow the link. */
  followInside(url) {
    const found = botLink(url);
    if (!found) return false;
    const bot = this.store.botByUsername(found.username);
    if (bot) this.phone.openBot(String(bot.id), found.payload);
    else this.toast(t("no_such_bot", { name: found.username }), "bad");
    return true;
  }
}
