// The BotFather window: new bots and their tokens.
// data-testid: botfather, bot-platform, bot-name, bot-username, bot-create, bot-error, bot-new-token, bot-row [data-username],
// bot-token, bot-copy, bot-revoke, bot-control, bot-manages.

import { Refused, api } from "./api.js";
import { avatar, copyText, h, icon } from "./dom.js";
import { field, openDialog, submit } from "./dialogs.js";
import { t } from "./i18n.js";

let open = null;

export function refreshBotFather() {
  open?.draw();
}

export function botFather(store) {
  const name = h("input", { testid: "bot-name", required: true, maxlength: "64", placeholder: t("bf_name_sample"), autocomplete: "off" });
  const username = h("input", { testid: "bot-username", required: true, maxlength: "32", placeholder: "mira_flowers_bot", autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
  const control = h("input", { testid: "bot-control", type: "checkbox" });
  const platform = h("select", { testid: "bot-platform" },
    store.platforms.map((one) => h("option", { value: one.id, selected: one.id === "telegram" }, one.title)));
  const error = h("p.form-error", { testid: "bot-error", role: "alert", hidden: true });
  const fresh = h("div.fresh-token", { hidden: true });
  const list = h("div.bot-list", { role: "list" });
  const say = (problem) => {
    error.hidden = !problem;
    error.textContent = problem || "";
  };
  const create = async (event) => {
    event.preventDefault();
    try {
      const bot = await api.newBot({ platform: platform.value, name: name.value.trim(), username: username.value.trim().replace(/^@/, ""), control: control.checked });
      say(null);
      store.bots.set(String(bot.id), bot);
      store.touch();
      showToken(fresh, bot.token, t("bf_done", { name: bot.username }), bot.username);
      form.reset();
      draw();
    } catch (problem) {
      say(words(problem));
    }
  };
  const form = h("form.form", { onsubmit: create },
    store.platforms.length > 1 && field(t("bf_platform"), platform),
    h("div.form-pair", null, field(t("bf_name"), name), field(t("bf_username"), username)),
    h("div.form-end", null, h("label.check", null, control, h("span", null, t("bf_is_control"))), submit(t("bf_create"), "bot-create")), error);
  const revoke = async (bot) => {
    try {
      const { token } = await api.newToken(bot.id);
      store.bots.set(String(bot.id), { ...bot, token });
      store.touch();
      showToken(fresh, token, t("bf_revoke_note"), bot.username);
      fresh.scrollIntoView({ block: "nearest" });
      draw();
    } catch (problem) {
      say(words(problem));
    }
  };
  const allow = async (bot, allowed) => {
    try {
      store.bots.set(String(bot.id), await api.allowManaging(bot.id, allowed));
      store.touch();
    } catch (problem) {
      say(words(problem));
    }
    draw();
  };
  const draw = () => list.replaceChildren(...[...store.bots.values()].map((bot) => botRow(bot, revoke, allow)));
  draw();
  const dialog = openDialog(t("bf_title"), "botfather", [h("p.lead", null, t("bf_lead")), form, fresh, h("h3", null, t("bf_list")), list]);
  open = { draw };
  dialog.addEventListener("close", () => { open = null; });
  name.focus();
}

export function words(problem) {
  if (!(problem instanceof Refused)) throw problem;
  return problem.message === "offline" ? t("error_offline") : problem.message;
}

function showToken(box, token, title, username) {
  box.hidden = false;
  box.replaceChildren(h("p", null, title),
    h("div.token-line", null, h("code", { testid: "bot-new-token" }, token), copyButton(token, username, true)), h("p.hint", null, t("bf_next")));
}

function copyButton(token, username, strong = false) {
  const label = h("span", null, t("copy"));
  const button = h("button.button", {
    testid: "bot-copy", class: strong ? "primary" : "", "aria-label": t("bf_copy_token", { name: username }),
    onclick: async () => {
      if (!(await copyText(token))) return;
      label.textContent = t("copied");
      setTimeout(() => { label.textContent = t("copy"); }, 1600);
    },
  }, icon("copy"), label);
  return button;
}

function botRow(bot, revoke, allow) {
  return h("div.bot-row", { testid: "bot-row", role: "listitem", data: { username: bot.username } },
    avatar(bot.name, bot.id, "small"),
    h("div.bot-row-body", null,
      h("div.bot-row-name", null, h("b", { dir: "auto" }, bot.name), h("span", null, `@${bot.username}`),
        bot.control && h("span.chip", null, t("bf_control")),
        h("span.chip", { class: bot.receiving === "nothing" ? "idle" : "live" }, t(`receiving_${bot.receiving || "nothing"}`))),
      h("code", { testid: "bot-token" }, bot.token),
      bot.control && h("label.check", null,
        h("input", { testid: "bot-manages", type: "checkbox", checked: bot.manages, onchange: (event) => allow(bot, event.target.checked) }),
        h("span", null, t("bf_manages")))),
    h("div.bot-row-acts", null, copyButton(bot.token, bot.username),
      h("button.button", { testid: "bot-revoke", onclick: () => revoke(bot) }, icon("key"), h("span", null, t("bf_revoke")))));
}
