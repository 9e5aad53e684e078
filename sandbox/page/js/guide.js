// "First hour": five steps that tick themselves off as the sandbox is played.
// data-testid: guide, guide-step [data-step, data-done, data-current], guide-close.

import { h, icon, iconButton } from "./dom.js";
import { t } from "./i18n.js";

/** What has been played so far: [bool × 5]. */
export function progress(store) {
  const chats = [...store.chats.values()];
  const isControl = (id) => Boolean(store.bots.get(String(id))?.control);
  const isStaff = (id) => Boolean(store.people.get(String(id))?.staff);
  const started = chats.some((chat) => isControl(chat.bot) && isStaff(chat.person) && chat.order.length > 0);
  const own = [...store.bots.values()].filter((bot) => !bot.control);
  const connected = own.some((bot) => bot.receiving && bot.receiving !== "nothing");
  const customers = chats.filter((chat) => !isControl(chat.bot) && !isStaff(chat.person));
  const wrote = customers.some((chat) => firstWords(chat) !== null);
  const answered = customers.some((chat) => {
    const first = firstWords(chat);
    return first !== null && chat.order.some((id) => id > first && chat.messages.get(id).from === "bot");
  });
  return [started, own.length > 0, connected || answered, wrote, answered];
}

function firstWords(chat) {
  const id = chat.order.find((one) => {
    const message = chat.messages.get(one);
    return message.from === "person" && !message.service && !/^\/start\b/.test(message.text || "");
  });
  return id ?? null;
}

/** go: one function per step, called at a press; close: hides the guide. */
export function guideNode(store, { staffName, go, close }) {
  const done = progress(store);
  const current = done.indexOf(false);
  return h("section.guide", { testid: "guide", data: { finished: String(current < 0) }, "aria-label": t("guide") },
    h("div.guide-head", null, h("b", null, t("guide")),
      h("span", null, current < 0 ? t("guide_done") : t("guide_step", { n: current + 1, all: done.length }))),
    h("ol.guide-steps", null, done.map((ready, i) => h("li", null, h("button.guide-step", {
      testid: "guide-step", "aria-current": i === current ? "step" : null,
      data: { step: i + 1, done: String(ready), current: String(i === current) }, onclick: () => go[i](),
    }, h("span.guide-number", null, ready ? icon("check") : i + 1),
    h("span.guide-words", null, h("b", null, t(`step${i + 1}`, { name: staffName })), h("small", null, t(`step${i + 1}_note`))))))),
    iconButton("close", t("guide_close"), { testid: "guide-close", onclick: close }));
}
