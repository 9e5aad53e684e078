// The window for a new person's phone.
// data-testid: person, person-name, person-username, person-role [data-staff], person-language, person-create, person-error.

import { api } from "./api.js";
import { words } from "./botfather.js";
import { field, openDialog, submit } from "./dialogs.js";
import { h } from "./dom.js";
import { currentLanguage, t } from "./i18n.js";

export function newPerson(store, done) {
  const name = h("input", { testid: "person-name", required: true, maxlength: "64", placeholder: t("person_name_sample"), autocomplete: "off" });
  const username = h("input", { testid: "person-username", maxlength: "32", autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
  const language = h("select", { testid: "person-language" }, h("option", { value: "ru" }, t("russian")), h("option", { value: "en" }, t("english")));
  language.value = currentLanguage();
  let staff = false;
  const roles = [false, true].map((value) => h("button.choice", {
    testid: "person-role", data: { staff: String(value) }, "aria-pressed": String(value === staff),
    onclick: () => {
      staff = value;
      roles.forEach((role) => role.setAttribute("aria-pressed", String(role.dataset.staff === String(value))));
    },
  }, t(value ? "staff" : "customer")));
  const error = h("p.form-error", { testid: "person-error", role: "alert", hidden: true });
  const form = h("form.form", {
    onsubmit: async (event) => {
      event.preventDefault();
      const wanted = { name: name.value.trim(), language: language.value, staff };
      if (username.value.trim()) wanted.username = username.value.trim().replace(/^@/, "");
      try {
        const person = await api.newPerson(wanted);
        store.people.set(String(person.id), person);
        store.touch();
        dialog.close();
        done(String(person.id));
      } catch (problem) {
        error.hidden = false;
        error.textContent = words(problem);
      }
    },
  }, field(t("person_name"), name), h("div.field", null, h("span", null, t("person_role")), h("div.choices", null, roles)),
  h("div.form-pair", null, field(t("person_username"), username), field(t("person_language"), language)),
  error, h("div.dialog-actions", null, submit(t("person_create"), "person-create")));
  const dialog = openDialog(t("person_title"), "person", form, { extra: "small" });
  name.focus();
}
