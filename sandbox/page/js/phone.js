// One person's phone: the list of chats or one open chat, and the phone's own menu.
// data-testid: phone [data-person, data-staff, data-bot], phone-owner, chat-list, chat-row [data-bot], chat-badge,
// phone-menu; menu entries (menu-item) have data-action restart, block, unblock, link, hide.

import { Refused, api } from "./api.js";
import { Chat } from "./chat.js";
import { promptDialog, toast } from "./dialogs.js";
import { avatar, h, icon, iconButton } from "./dom.js";
import { t, timeOf } from "./i18n.js";
import { botLink } from "./links.js";
import { summary } from "./media.js";
import { openMenu } from "./menu.js";
import { recall, remember } from "./prefs.js";
import { chatKey } from "./store.js";
import { unreadIn, unreadOf } from "./unread.js";

export class Phone {
  /** page: {hide(person), botFather(), seen()} */
  constructor(store, person, page) {
    this.store = store;
    this.person = String(person.id);
    this.page = page;
    this.open = recall(`open.${this.person}`, null); // a bot's id, "list", or null: decided by what there is
    this.owner = h("span.owner-text", { testid: "phone-owner" });
    this.screen = h("div.screen");
    this.node = h("section.phone", {
      testid: "phone", "aria-label": t("phone_of", { name: person.name }), data: { person: this.person, staff: String(Boolean(person.staff)) },
      class: person.staff ? "staff" : "customer",
    }, h("div.owner", null, avatar(person.name, person.id, "tiny"), this.owner), this.screen);
    this.update(null);
  }

  destroy() {
    this.chat?.destroy();
  }

  me() {
    return this.store.people.get(this.person) || { name: "?", staff: false };
  }

  /** Bots in the order of this phone: the team sees the control bot first, customers their own bots. */
  bots() {
    const { staff } = this.me();
    const all = [...this.store.bots.values()];
    const known = (bot) => this.store.chats.get(chatKey(bot.id, this.person))?.order.length > 0;
    const fitting = all.filter((bot) => Boolean(bot.control) === Boolean(staff) || known(bot));
    return fitting.sort((a, b) => this.#latest(b) - this.#latest(a));
  }

  #latest(bot) {
    const chat = this.store.chats.get(chatKey(bot.id, this.person));
    const last = chat?.messages.get(chat.order[chat.order.length - 1]);
    return last ? new Date(last.at).getTime() : 0;
  }

  writableBots() {
    return [...this.store.bots.values()].filter((bot) => {
      const chat = this.store.chats.get(chatKey(bot.id, this.person));
      return chat?.started && !chat.blocked;
    });
  }

  /** keys: the chats that changed, or null for "anything". */
  update(keys) {
    const { name, staff } = this.me();
    this.owner.replaceChildren(h("b", { dir: "auto" }, name), h("span", null, t(staff ? "staff" : "customer")));
    const bot = this.#botToShow();
    this.node.dataset.bot = bot || "";
    if (bot && this.chat?.bot === bot) {
      if (!keys || keys.has(this.chat.key)) this.chat.update();
    } else if (bot) {
      this.#showChat(bot);
    } else {
      this.#drawList();
    }
  }

  #botToShow() {
    if (this.open === "list") return null;
    if (this.open && this.store.bots.has(this.open)) return this.open;
    const [first] = this.bots();
    return first ? String(first.id) : null;
  }

  #showChat(bot) {
    this.chat?.destroy();
    this.chat = new Chat(this.store, this, bot);
    this.screen.replaceChildren(this.chat.node);
    this.chat.timeline.shown();
    this.chat.composer.update();
  }

  showList() {
    this.#choose("list");
    this.screen.querySelector(".chat-row")?.focus({ preventScroll: true });
  }

  #choose(open) {
    this.open = open;
    remember(`open.${this.person}`, open);
    this.update(null);
  }

  async openBot(bot, payload = null) {
    this.#choose(bot);
    if (payload) await this.chat.start(payload);
    else this.chat.composer.focus();
  }

  #drawList() {
    this.chat?.destroy();
    this.chat = null;
    const bots = this.bots();
    const others = [...this.store.bots.values()].filter((bot) => !bots.includes(bot));
    this.screen.replaceChildren(h("div.chat-list", { testid: "chat-list" },
      h("header.chat-head", null, h("b.list-title", null, t("chats")), this.menuButton()),
      h("div.chat-rows", { role: "list", "aria-label": t("chat_list") }, bots.map((bot) => this.#row(bot)),
        !bots.length && this.#nothing(),
        others.length > 0 && h("p.rows-title", null, t("more_bots")), others.map((bot) => this.#row(bot))),
      h("div.toasts", { "aria-live": "polite" })));
  }

  #row(bot) {
    const chat = this.store.chats.get(chatKey(bot.id, this.person));
    const last = chat?.messages.get(chat.order[chat.order.length - 1]);
    const unread = unreadIn(chat);
    return h("button.chat-row", { testid: "chat-row", role: "listitem", data: { bot: bot.id }, onclick: () => this.openBot(String(bot.id)) },
      avatar(bot.name, bot.id),
      h("span.chat-row-body", null,
        h("span.chat-row-top", null, h("b", { dir: "auto" }, bot.name), last && h("time", null, timeOf(last.at))),
        h("span.chat-row-last", null,
          h("span", { dir: "auto" }, last ? summary(last) : `@${bot.username}`),
          unread > 0 && h("span.badge", { testid: "chat-badge", "aria-label": t("unread", { n: unread }) }, unread))));
  }

  #nothing() {
    return h("div.nothing", null, h("span.nothing-mark", null, icon("bot")), h("b", null, t("no_chats")), h("p", null, t("no_chats_note")),
      h("button.button.primary", { onclick: () => this.page.botFather() }, t("botfather")));
  }

  menuButton() {
    const { name } = this.me();
    return iconButton("dots", t("phone_menu", { name }), {
      testid: "phone-menu", "aria-haspopup": "menu", onclick: (event) => this.#menu(event.currentTarget.getBoundingClientRect()),
    });
  }

  #menu(anchor) {
    const state = this.chat?.chat();
    const items = [
      this.chat && { icon: "restart", label: t("restart"), action: "restart", run: () => this.chat.restart() },
      state && (state.blocked
        ? { icon: "check", label: t("unblock"), action: "unblock", run: () => this.chat.setBlocked(false) }
        : { icon: "block", label: t("block"), action: "block", danger: true, disabled: !state.started, run: () => this.chat.setBlocked(true) }),
      { icon: "link", label: t("open_link"), action: "link", run: () => this.#askLink() },
      { icon: "hide", label: t("hide_phone"), action: "hide", run: () => this.page.hide(this.person) },
    ];
    openMenu(anchor, items.filter(Boolean), { label: t("phone_menu", { name: this.me().name }) });
  }

  async #askLink() {
    const typed = await promptDialog(t("open_link"), t("open_link_label"), t("open"));
    if (!typed) return;
    const found = botLink(typed);
    const bot = found && this.store.botByUsername(found.username);
    if (bot) await this.openBot(String(bot.id), found.payload);
    else if (found) this.say(t("no_such_bot", { name: found.username }));
    else if (this.chat && /^[\w-]{1,64}$/.test(typed)) await this.chat.start(typed);
    else this.say(t("bad_link"));
  }

  async forward(message, author, bot) {
    const chat = { bot, person: this.person };
    const forward_from = message.forwarded_from || author;
    try {
      if (message.media) await this.#forwardMedia(chat, message, forward_from);
      else {
        const { text, entities, location, contact } = message;
        const dice = message.other === "dice" ? "🎲" : undefined;
        await api.send(chat, { text: text || undefined, entities, location: location || undefined, contact: contact || undefined, dice, forward_from });
      }
      await this.openBot(bot);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.say(error.message === "offline" ? t("error_offline") : error.message);
    }
  }

  async #forwardMedia(chat, { media, text }, forward_from) {
    const blob = await (await fetch(media.url)).blob();
    const file = new File([blob], media.name || media.kind, { type: media.mime || blob.type });
    await api.sendFiles(chat, media.kind, [file], { caption: text, forward_from });
  }

  say(text) {
    toast(this.screen.querySelector(".toasts"), text, "bad");
  }

  unread() {
    return unreadOf(this.store, this.person);
  }

  shown() {
    this.chat?.timeline.shown();
    this.chat?.composer.update();
  }
}
