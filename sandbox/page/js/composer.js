// Where a person writes: text, attachments, the reply or edit line, the bot's commands and its reply keyboard.
// data-testid: composer, input, send, attach, commands-button, commands, command [data-command], keyboard-toggle,
// keyboard, keyboard-button, composer-bar, composer-bar-close.

import { attachMenu } from "./attach.js";
import { h, icon, iconButton } from "./dom.js";
import { fromTyped } from "./entities.js";
import { t } from "./i18n.js";
import { summary } from "./media.js";
import { recall, remember } from "./prefs.js";

export class Composer {
  /** to: {send(message), files(kind, files, extras), edit(id, text, entities), share(what), createBot(suggested), fail(text)} */
  constructor(ctx, to) {
    this.ctx = ctx;
    this.to = to;
    this.target = null; // {kind: "reply" | "edit", id, quote}
    this.draftName = `draft.${ctx.key}`;
    this.#build();
    this.input.value = recall(this.draftName, "");
    this.update();
  }

  #build() {
    this.input = h("textarea.input", {
      testid: "input", rows: "1", "aria-label": t("message"), autocomplete: "off", dir: "auto",
      oninput: () => this.#typed(), onkeydown: (event) => this.#key(event), onpaste: (event) => this.#paste(event),
    });
    this.bar = h("div.composer-bar", { testid: "composer-bar", hidden: true });
    this.commands = h("div.commands", { testid: "commands", role: "menu", "aria-label": t("commands_label"), hidden: true });
    this.commandsButton = h("button.commands-button", {
      testid: "commands-button", "aria-expanded": "false", onclick: () => this.#showCommands(this.commands.hidden),
    }, icon("list"), h("span", null, t("commands")));
    this.attach = iconButton("attach", t("attach"), {
      testid: "attach", "aria-haspopup": "menu", onclick: (event) => this.#attachMenu(event.currentTarget.getBoundingClientRect()),
    });
    this.toggle = iconButton("keyboard", t("keyboard"), {
      testid: "keyboard-toggle", onclick: () => { this.folded = !this.folded; this.update(); },
    });
    this.sendButton = iconButton("send", t("send"), { testid: "send", class: "send", onclick: () => this.submit() });
    this.keyboard = h("div.keyboard", { testid: "keyboard", role: "group", "aria-label": t("keyboard") });
    this.node = h("div.composer", { testid: "composer" }, this.commands, this.bar,
      h("div.composer-line", null, this.commandsButton, this.attach,
        h("div.input-box", null, this.input, this.toggle), this.sendButton),
      this.keyboard);
  }

  update() {
    const chat = this.ctx.chat();
    const keyboard = chat.reply_keyboard;
    this.input.placeholder = keyboard?.placeholder || t("write");
    this.commandsButton.hidden = !chat.commands?.length;
    this.toggle.hidden = !keyboard?.rows?.length;
    this.#drawKeyboard(keyboard);
    this.node.classList.toggle("has-keyboard", Boolean(keyboard?.rows?.length));
    this.keyboard.hidden = this.toggle.hidden || this.folded;
    this.toggle.setAttribute("aria-pressed", String(!this.keyboard.hidden));
    if (this.target && !chat.messages.has(this.target.id)) this.clearTarget();
    this.#fit();
  }

  #drawKeyboard(keyboard) {
    const signature = JSON.stringify(keyboard?.rows || null);
    if (signature === this.keyboardDrawn) return;
    this.keyboardDrawn = signature;
    this.folded = false;
    this.keyboard.replaceChildren(...(keyboard?.rows || []).map((row) => h("div.keyboard-row", null, row.map((button) =>
      h("button.keyboard-button", { testid: "keyboard-button", dir: "auto", data: { style: button.style }, onclick: () => this.#pressKey(button, keyboard) },
        button.text, button.request_contact && icon("person"), button.request_location && icon("place"),
        button.request_managed_bot && icon("bot"))))));
  }

  #pressKey(button, keyboard) {
    if (button.request_contact) this.to.share("contact");
    else if (button.request_location) this.to.share("location");
    else if (button.request_managed_bot) this.to.createBot(button.request_managed_bot);
    else this.to.send({ text: button.text, ...this.#takeReply() });
    if (keyboard.one_time) {
      this.folded = true;
      this.update();
    }
  }

  focus() {
    if (matchMedia("(pointer: fine)").matches) this.input.focus({ preventScroll: true });
  }

  #typed() {
    if (this.target?.kind !== "edit") remember(this.draftName, this.input.value || null);
    this.#fit();
    const typed = /^\/\w*$/.test(this.input.value) ? this.input.value.slice(1).toLowerCase() : null;
    if (typed !== null) this.#showCommands(true, typed);
    else this.#showCommands(false);
  }

  #fit() {
    this.node.classList.toggle("has-text", this.input.value.trim() !== "");
    if (!this.input.clientWidth) return;
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 160)}px`;
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape" && (this.target || !this.commands.hidden)) {
      event.preventDefault();
      this.#showCommands(false);
      this.clearTarget();
    } else if (event.key === "ArrowUp" && !this.input.value) {
      const last = this.ctx.lastOwn();
      if (last) { event.preventDefault(); this.startEdit(last); }
    } else if (event.key === "ArrowDown" && !this.commands.hidden) {
      event.preventDefault();
      this.commands.querySelector("button")?.focus();
    }
  }

  #paste(event) {
    const files = [...(event.clipboardData?.files || [])];
    if (!files.length) return;
    event.preventDefault();
    const pictures = files.every((file) => file.type.startsWith("image/"));
    this.#sendFiles(pictures ? "photo" : "document", pictures ? files.slice(0, 10) : files.slice(0, 1));
  }

  #showCommands(show, typed = "") {
    const list = (this.ctx.chat().commands || []).filter((item) => item.command.startsWith(typed));
    this.commands.hidden = !show || !list.length;
    this.commandsButton.setAttribute("aria-expanded", String(!this.commands.hidden));
    if (this.commands.hidden) return;
    this.commands.replaceChildren(...list.map((item) => h("button.command", {
      testid: "command", role: "menuitem", data: { command: item.command },
      onclick: () => { this.#showCommands(false); if (typed || this.input.value === "/") this.#setText(""); this.to.send({ text: `/${item.command}` }); this.focus(); },
      onkeydown: (event) => this.#commandKey(event),
    }, h("b", null, `/${item.command}`), h("span", null, item.description))));
  }

  #commandKey(event) {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (event.key === "Escape") this.#showCommands(false);
    if (!step && event.key !== "Escape") return;
    event.preventDefault();
    ((step && event.currentTarget[step]) || this.input).focus();
  }

  #attachMenu(anchor) {
    attachMenu(anchor, {
      words: (message) => this.to.send({ ...message, ...this.#takeReply() }),
      files: (kind, files) => this.#sendFiles(kind, files),
      fail: (text) => this.to.fail(text),
      busy: (busy) => this.attach.classList.toggle("waiting", busy),
    }, this.ctx.store.bots.get(this.ctx.bot)?.lacks);
  }

  async #sendFiles(kind, files) {
    const caption = this.target?.kind === "edit" ? "" : this.input.value.trim();
    if (caption) this.#setText("");
    this.attach.classList.add("waiting");
    const sent = await this.to.files(kind, files, { caption, ...this.#takeReply() });
    this.attach.classList.remove("waiting");
    if (!sent && caption && !this.input.value) this.#setText(caption);
  }

  reply(message, quote = null) {
    if (this.target?.kind === "edit") this.#setText(recall(this.draftName, ""));
    this.target = { kind: "reply", id: message.id, quote };
    this.#drawBar("reply", t("reply_to", { name: this.ctx.authorOf(message) }), quote || summary(message));
    this.input.focus({ preventScroll: true });
  }

  startEdit(message) {
    this.target = { kind: "edit", id: message.id };
    this.#drawBar("edit", t("editing"), summary(message));
    this.input.value = message.text || "";
    this.#fit();
    this.input.focus({ preventScroll: true });
  }

  #drawBar(sign, title, text) {
    this.bar.hidden = false;
    this.bar.dataset.kind = sign;
    this.bar.replaceChildren(icon(sign), h("span.composer-bar-body", null, h("b", null, title), h("span", null, text)),
      iconButton("close", t("cancel"), { testid: "composer-bar-close", onclick: () => this.clearTarget() }));
    const label = t(sign === "edit" ? "save" : "send");
    this.sendButton.replaceChildren(icon(sign === "edit" ? "check" : "send"));
    this.sendButton.setAttribute("aria-label", label);
  }

  clearTarget() {
    if (this.target?.kind === "edit") this.input.value = recall(this.draftName, "");
    this.target = null;
    this.bar.hidden = true;
    this.sendButton.replaceChildren(icon("send"));
    this.sendButton.setAttribute("aria-label", t("send"));
    this.#fit();
  }

  #takeReply() {
    if (this.target?.kind !== "reply") return {};
    const { id, quote } = this.target;
    this.clearTarget();
    return quote ? { reply_to: id, quote } : { reply_to: id };
  }

  #setText(text) {
    this.input.value = text;
    remember(this.draftName, text || null);
    this.#fit();
  }

  insert(text) {
    this.#setText(text);
    this.input.focus({ preventScroll: true });
  }

  async submit() {
    const typed = this.input.value.trim();
    if (!typed) return;
    const { text, entities } = fromTyped(typed);
    const formatted = entities.length ? { text, entities } : { text };
    if (this.target?.kind === "edit") {
      const { id } = this.target;
      this.clearTarget();
      await this.to.edit(id, formatted.text, formatted.entities);
      return;
    }
    const reply = this.#takeReply();
    this.#showCommands(false);
    this.#setText("");
    const sent = await this.to.send({ ...formatted, ...reply });
    if (!sent && !this.input.value) this.#setText(typed); // nothing typed is ever lost to a bad connection
  }
}
