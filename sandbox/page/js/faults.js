// The drawer of faults: what breaks, for whom, how often; and what is broken now.
// data-testid: faults, fault-where [data-where], fault-kind [data-kind], fault-bot, fault-person, fault-method, fault-times,
// fault-retry_after, fault-seconds, fault-probability, fault-add, fault-error, fault [data-kind], fault-remove, faults-clear.

import { api } from "./api.js";
import { words } from "./botfather.js";
import { field, openDialog } from "./dialogs.js";
import { h, icon, iconButton } from "./dom.js";
import { t } from "./i18n.js";

const KINDS = {
  api: ["429", "500", "reset_before", "reset_after", "timeout", "slow", "refused"],
  webhook: ["duplicate", "shuffle", "drop", "500"],
};
const METHODS = [
  "*", "sendMessage", "editMessageText", "sendPhoto", "sendMediaGroup", "sendDocument", "sendVoice", "answerCallbackQuery",
  "deleteMessage", "getFile", "getUpdates", "getMe", "setWebhook", "setMessageReaction", "pinChatMessage",
];
const MARK = { 429: "bolt", 500: "warn", reset_before: "close", reset_after: "close", timeout: "hide", slow: "restart", refused: "block", duplicate: "copy", shuffle: "forward", drop: "bin" };

let open = null;

export function refreshFaults() {
  open?.draw();
}

export const faultTitle = (kind) => t(`fault_${kind}`);

export function faultsDrawer(store) {
  const chosen = { where: "api", kind: "429" };
  const kinds = h("div.fault-kinds");
  const wheres = ["api", "webhook"].map((where) => h("button.choice", {
    testid: "fault-where", data: { where }, onclick: () => { chosen.where = where; [chosen.kind] = KINDS[where]; drawForm(); },
  }, t(`fault_${where}`)));
  const bot = select("fault-bot", [["", t("fault_any_bot")], ...[...store.bots.values()].map((one) => [one.id, one.name])]);
  const person = select("fault-person", [["", t("fault_any_person")], ...[...store.people.values()].map((one) => [one.id, one.name])]);
  const method = h("input", { testid: "fault-method", list: "fault-methods", value: "sendMessage", spellcheck: "false", autocomplete: "off" });
  const methods = h("datalist", { id: "fault-methods" }, METHODS.map((one) => h("option", { value: one })));
  const times = select("fault-times", [["1", "1"], ["2", "2"], ["3", "3"], ["5", "5"], ["10", "10"], ["", t("fault_always")]]);
  const numbers = {
    retry_after: number("retry_after", 3, 1), seconds: number("seconds", 5, 0.5), probability: number("probability", 100, 5),
  };
  const fields = {
    method: field(t("fault_method"), method), retry_after: field(t("fault_retry_after"), numbers.retry_after),
    seconds: field(t("fault_seconds"), numbers.seconds),
  };
  const error = h("p.form-error", { testid: "fault-error", role: "alert", hidden: true });
  const list = h("div.fault-list", { role: "list" });
  const clear = h("button.button", { testid: "faults-clear", onclick: () => act(() => api.clearFaults()) }, t("fault_clear"));

  const drawForm = () => {
    wheres.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.where === chosen.where)));
    kinds.replaceChildren(...KINDS[chosen.where].map((kind) => h("button.fault-kind", {
      testid: "fault-kind", data: { kind }, "aria-pressed": String(kind === chosen.kind), onclick: () => { chosen.kind = kind; drawForm(); },
    }, icon(MARK[kind] || "bolt"), h("span", null, h("b", null, faultTitle(kind)), h("small", null, note(chosen.where, kind))))));
    fields.method.hidden = chosen.where !== "api";
    fields.retry_after.hidden = chosen.kind !== "429";
    fields.seconds.hidden = !["slow", "timeout", "shuffle"].includes(chosen.kind);
  };
  const act = async (request) => {
    try {
      await request();
      error.hidden = true;
      store.faults = (await api.state()).faults || [];
      store.touch();
    } catch (problem) {
      error.hidden = false;
      error.textContent = words(problem);
    }
  };
  const draw = () => {
    clear.hidden = !store.faults.length;
    list.replaceChildren(...(store.faults.length ? store.faults.map((fault) => row(fault, store, act)) : [h("p.hint", null, icon("check"), t("fault_none"))]));
  };
  drawForm();
  draw();
  const dialog = openDialog(t("faults"), "faults", [
    h("p.lead", null, t("faults_lead")),
    h("div.fault-now", null, list, clear),
    h("div.choices", null, wheres), kinds,
    h("div.form-grid", null, field(t("fault_bot"), bot), field(t("fault_person"), person), fields.method, field(t("fault_times"), times),
      fields.retry_after, fields.seconds, field(t("fault_probability"), numbers.probability)), methods, error,
    h("div.dialog-actions.sticky", null, h("button.button.primary", {
      testid: "fault-add", onclick: () => act(() => api.addFault(order(chosen, { bot, person, method, times, numbers }))),
    }, icon("bolt"), t("fault_add"))),
  ], { extra: "drawer" });
  open = { draw };
  dialog.addEventListener("close", () => { open = null; });
}

function note(where, kind) {
  return t(where === "webhook" && kind === "500" ? "fault_webhook_500_note" : `fault_${kind}_note`);
}

function select(testid, options) {
  return h("select", { testid }, options.map(([value, label]) => h("option", { value }, label)));
}

function number(name, value, step) {
  return h("input", { testid: `fault-${name}`, type: "number", min: "0", step: String(step), value: String(value), inputmode: "decimal" });
}

function order({ where, kind }, { bot, person, method, times, numbers }) {
  return {
    where, kind, bot: bot.value || null, person: person.value || null, method: where === "api" ? method.value.trim() || "*" : "*",
    times: times.value ? Number(times.value) : null, retry_after: Math.round(Number(numbers.retry_after.value)) || 1,
    seconds: Number(numbers.seconds.value) || 1, probability: Math.min(1, Math.max(0, Number(numbers.probability.value) / 100)),
  };
}

function row(fault, store, act) {
  const facts = [
    fault.where === "api" ? fault.method : t("fault_webhook"), fault.bot && (store.bots.get(String(fault.bot))?.name || fault.bot),
    fault.person && (store.people.get(String(fault.person))?.name || fault.person),
    fault.times === null || fault.times === undefined ? t("fault_always") : t("fault_left", { n: fault.times }),
    fault.probability < 1 && `${Math.round(fault.probability * 100)} %`,
  ].filter(Boolean).join(" · ");
  return h("div.fault-row", { testid: "fault", role: "listitem", data: { kind: fault.kind } },
    icon(MARK[fault.kind] || "bolt"), h("span", null, h("b", null, faultTitle(fault.kind)), h("small", null, facts)),
    iconButton("close", t("fault_remove", { name: faultTitle(fault.kind) }), { testid: "fault-remove", onclick: () => act(() => api.removeFault(fault.id)) }));
}
