// Up to which message each chat has been seen on this browser; kept over reloads.

import { recall, remember } from "./prefs.js";
import { chatKey } from "./store.js";

const seen = new Map(Object.entries(recall("seen", {})));
let timer = null;

export function markSeen(chat, id) {
  const key = chatKey(chat.bot, chat.person);
  if ((seen.get(key) || 0) >= id) return false;
  seen.set(key, id);
  timer ??= setTimeout(() => {
    timer = null;
    remember("seen", Object.fromEntries(seen));
  }, 300);
  return true;
}

export const seenIn = (chat) => seen.get(chatKey(chat.bot, chat.person)) || 0;

/** What was there before this browser first looked counts as read. */
export function startUnread(store) {
  for (const chat of store.chats.values()) {
    if (!seen.has(chatKey(chat.bot, chat.person))) markSeen(chat, chat.order[chat.order.length - 1] || 0);
  }
}

export function forgetSeen() {
  seen.clear();
}

export function unreadIn(chat) {
  if (!chat) return 0;
  const from = seenIn(chat);
  let count = 0;
  for (let i = chat.order.length - 1; i >= 0 && chat.order[i] > from; i -= 1) {
    if (chat.messages.get(chat.order[i]).from === "bot") count += 1;
  }
  return count;
}

export function unreadOf(store, person) {
  let count = 0;
  for (const chat of store.chats.values()) if (String(chat.person) === person) count += unreadIn(chat);
  return count;
}
