// Modal windows of the page and the small ones inside a phone.
// data-testid: dialog (or its own name), dialog-close, confirm-yes, prompt-input, managed-bot, managed-name,
// managed-username, managed-create, managed-cancel, toast, alert, alert-ok.

import { h, iconButton } from "./dom.js";
import { t } from "./i18n.js";

/** A modal with a title; returns the <dialog>. It closes by its cross, Escape or a press outside. */
export function openDialog(title, testid, content, { extra = "" } = {}) {
  const id = `title-${testid}`;
  const dialog = h("dialog.dialog", {
    testid, "aria-labelledby": id, class: extra,
    onclose: () => dialog.remove(),
    onpointerdown: (event) => event.target === dialog && dialog.close(),
  }, h("div.dialog-box", null,
    h("header.dialog-head", null, h("h2", { id }, title), iconButton("close", t("close"), { testid: "dialog-close", onclick: () => dialog.close() })),
    h("div.dialog-body", null, content)));
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

export function field(label, control, extra = "") {
  return h("label.field", { class: extra }, h("span", null, label), control);
}

export function confirmDialog(title, note, yes, { danger = false } = {}) {
  return new Promise((resolve) => {
    const dialog = openDialog(title, "confirm", [
      h("p", null, note),
      h("div.dialog-actions", null,
        h("button.button", { onclick: () => dialog.close() }, t("cancel")),
        h("button.button.primary", { testid: "confirm-yes", class: danger ? "danger" : "", onclick: () => { resolve(true); dialog.close(); } }, yes)),
    ], { extra: "small" });
    dialog.addEventListener("close", () => resolve(false));
  });
}

export function promptDialog(title, label, yes) {
  return new Promise((resolve) => {
    const input = h("input", { testid: "prompt-input", autocomplete: "off", spellcheck: "false", required: true });
    const form = h("form", { onsubmit: (event) => { event.preventDefault(); resolve(input.value.trim()); dialog.close(); } },
      field(label, input),
      h("div.dialog-actions", null,
        h("button.button", { onclick: () => dialog.close() }, t("cancel")), submit(yes, "prompt-yes")));
    const dialog = openDialog(title, "prompt", form, { extra: "small" });
    dialog.addEventListener("close", () => resolve(null));
    input.focus();
  });
}

/** Telegram's own window for a bot that another bot asks for; {name, username}, or null if it was closed. */
export function newBotDialog(suggested, manager) {
  return new Promise((resolve) => {
    const name = h("input", { testid: "managed-name", required: true, maxlength: "64", autocomplete: "off", value: suggested.suggested_name || "" });
    const username = h("input", { testid: "managed-username", required: true, maxlength: "32", autocomplete: "off", autocapitalize: "off", spellcheck: "false", value: suggested.suggested_username || "" });
    const done = (event) => {
      event.preventDefault();
      resolve({ name: name.value.trim(), username: username.value.trim().replace(/^@/, "") });
      dialog.close();
    };
    const form = h("form", { onsubmit: done }, h("p", null, t("managed_note", { bot: manager })),
      field(t("bf_name"), name), field(t("bf_username"), username),
      h("div.dialog-actions", null,
        h("button.button", { testid: "managed-cancel", type: "button", onclick: () => dialog.close() }, t("cancel")), submit(t("bf_create"), "managed-create")));
    const dialog = openDialog(t("managed_title"), "managed-bot", form, { extra: "small" });
    dialog.addEventListener("close", () => resolve(null));
    name.focus();
  });
}

export function submit(label, testid) {
  const button = h("button.button.primary", { testid }, label);
  button.type = "submit";
  return button;
}

/** A line that appears over the phone and goes by itself. */
export function toast(host, text, kind = "") {
  const node = h("div.toast", { testid: "toast", role: "status", class: kind, onclick: () => node.remove() }, text);
  host.querySelectorAll(".toast").forEach((old, i, all) => i < all.length - 1 && old.remove());
  host.append(node);
  setTimeout(() => {
    node.classList.add("leaving");
    setTimeout(() => node.remove(), 300);
  }, 3800 + Math.min(text.length * 30, 4000));
}

/** An alert inside one phone (answer to a press with show_alert, a question about sharing). */
export function phoneAlert(host, text, { yes = null, title = null } = {}) {
  return new Promise((resolve) => {
    const opener = document.activeElement;
    const close = (value) => {
      shade.remove();
      if (opener?.isConnected) opener.focus({ preventScroll: true });
      resolve(value);
    };
    const ok = h("button.alert-button.strong", { testid: "alert-ok", onclick: () => close(true) }, yes || t("ok"));
    const shade = h("div.alert-shade", { onkeydown: (event) => event.key === "Escape" && close(false) },
      h("div.alert", { testid: "alert", role: "alertdialog", "aria-modal": "true", "aria-label": title || t("alert") },
        title && h("b", null, title), h("p", null, text),
        h("div.alert-actions", null, yes && h("button.alert-button", { testid: "alert-cancel", onclick: () => close(false) }, t("cancel")), ok)));
    host.append(shade);
    ok.focus({ preventScroll: true });
  });
}
