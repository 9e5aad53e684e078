// Everything the server told us, and who wants to hear of changes (told in one batch per frame).

const TYPING = 5500;

export const chatKey = (bot, person) => `${bot}/${person}`;

function emptyChat(bot, person) {
  return {
    bot, person, started: false, blocked: false, commands: [], reply_keyboard: null, pinned: [], typing: false,
    messages: new Map(), order: [], gone: new Set(), fake: true,
  };
}

export class Store {
  constructor() {
    this.platforms = [];
    this.bots = new Map();
    this.people = new Map();
    this.chats = new Map();
    this.faults = [];
    this.hosts = {};
    this.online = false;
    this.loaded = false;
    this.versions = 0;
    this.resets = 0; // the server forgot everything: numbers of messages begin anew
    this.listeners = new Set();
    this.changed = { page: false, chats: new Set() };
  }

  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Where an address really leads: no browser can look up the service's name in the sandbox. */
  reachable(url) {
    const { host } = new URL(url);
    return this.hosts[host] ? this.hosts[host] + url.slice(url.indexOf(host) + host.length) : url;
  }

  chat(bot, person) {
    const key = chatKey(bot, person);
    if (!this.chats.has(key)) this.chats.set(key, emptyChat(bot, person));
    return this.chats.get(key);
  }

  load(state) {
    this.platforms = state.platforms || [];
    this.bots = new Map((state.bots || []).map((bot) => [String(bot.id), bot]));
    this.people = new Map((state.people || []).map((person) => [String(person.id), person]));
    this.faults = state.faults || [];
    this.hosts = state.hosts || {};
    const before = this.chats;
    this.chats = new Map();
    for (const told of state.chats || []) this.#loadChat(told, before);
    for (const key of before.keys()) this.changed.chats.add(key);
    this.loaded = true;
    this.touch();
  }

  #loadChat(told, before) {
    const { messages = [], ...facts } = told;
    const key = chatKey(told.bot, told.person);
    const old = before.get(key);
    const chat = Object.assign(emptyChat(told.bot, told.person), facts, { fake: false });
    for (const message of messages) {
      const known = old?.messages.get(message.id);
      const same = known && JSON.stringify({ ...known, version: 0 }) === JSON.stringify({ ...message, version: 0 });
      chat.messages.set(message.id, same ? known : { ...message, version: ++this.versions });
    }
    chat.order = [...chat.messages.keys()].sort((a, b) => a - b);
    this.chats.set(key, chat);
    this.changed.chats.add(key);
  }

  /** Takes one live event; false means "not understood, fetch the state again". */
  apply(event) {
    switch (event.type) {
      case "message": this.putMessage(event.bot, event.person, event.message); return true;
      case "message_gone": this.dropMessage(event.bot, event.person, event.id); return true;
      case "chat": this.putChat(event.chat); return true;
      case "bot": return this.#put(this.bots, event.bot);
      case "person": return this.#put(this.people, event.person);
      case "faults": return this.#putFaults(event.faults);
      case "reset": this.resets += 1; return false;
      case "ping": case "pong": case "hello": return true;
      default: return false;
    }
  }

  #put(map, item) {
    if (!item || typeof item !== "object") return false;
    map.set(String(item.id), item);
    this.touch();
    return true;
  }

  #putFaults(faults) {
    if (!Array.isArray(faults)) return false;
    this.faults = faults;
    this.touch();
    return true;
  }

  putMessage(bot, person, message) {
    const chat = this.chat(bot, person);
    if (!chat.messages.has(message.id)) {
      let at = chat.order.length;
      while (at > 0 && chat.order[at - 1] > message.id) at -= 1;
      chat.order.splice(at, 0, message.id);
    }
    chat.messages.set(message.id, { ...message, version: ++this.versions });
    this.touchChat(bot, person);
  }

  /** The answer to our own request. The live channel may have been faster, and known more: what it told stands. */
  putAnswer(bot, person, message) {
    const chat = this.chat(bot, person);
    if (!chat.messages.has(message.id) && !chat.gone.has(message.id)) this.putMessage(bot, person, message);
  }

  dropMessage(bot, person, id) {
    const chat = this.chat(bot, person);
    chat.gone.add(id);
    if (!chat.messages.delete(id)) return;
    chat.order.splice(chat.order.indexOf(id), 1);
    this.touchChat(bot, person);
  }

  putChat(facts) {
    const { messages: _, ...rest } = facts;
    const chat = Object.assign(this.chat(facts.bot, facts.person), rest, { fake: false });
    clearTimeout(chat.typingTimer);
    if (chat.typing) chat.typingTimer = setTimeout(() => this.#typingOver(chat), TYPING);
    this.touchChat(facts.bot, facts.person);
  }

  #typingOver(chat) { // as in life: the sign goes out by itself, nobody says so
    chat.typing = false;
    this.touchChat(chat.bot, chat.person);
  }

  setOnline(online) {
    this.online = online;
    this.touch();
  }

  touch() {
    this.changed.page = true;
    this.#plan();
  }

  touchChat(bot, person) {
    this.changed.chats.add(chatKey(bot, person));
    this.#plan();
  }

  #plan() {
    // A timer, not a frame: badges and titles must go on in a background tab.
    this.timer ??= setTimeout(() => this.#tell(), 16);
  }

  #tell() {
    this.timer = null;
    const changed = this.changed;
    this.changed = { page: false, chats: new Set() };
    for (const listener of [...this.listeners]) listener(changed);
  }

  botByUsername(username) {
    const wanted = String(username).toLowerCase();
    return [...this.bots.values()].find((bot) => bot.username?.toLowerCase() === wanted) || null;
  }
}
