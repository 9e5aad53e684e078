// The page's own words in Russian and English. Texts of chats are never touched.

import { recall, remember } from "./prefs.js";
import { en } from "./words.en.js";
import { ru } from "./words.ru.js";

export const catalogues = { ru, en };

let language = recall("language", null) === "en" ? "en" : "ru";

export const currentLanguage = () => language;

export function setLanguage(next) {
  language = next === "en" ? "en" : "ru";
  remember("language", language);
}

/** t("typing") or t("selected", {n: 3}) with {n} in the text. */
export function t(key, values = {}) {
  const text = catalogues[language][key] ?? ru[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export function timeOf(iso) {
  return new Date(iso).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
}

export function fullTime(iso) {
  return new Date(iso).toLocaleString(language, { dateStyle: "long", timeStyle: "medium" });
}

const dayOf = (date) => `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;

export const dayKey = (iso) => dayOf(new Date(iso));

export function dayTitle(iso) {
  const date = new Date(iso);
  const now = new Date();
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (dayOf(date) === dayOf(now)) return t("today");
  if (dayOf(date) === dayOf(yesterday)) return t("yesterday");
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString(language, { day: "numeric", month: "long", year });
}

export function sizeOf(bytes) {
  if (!Number.isFinite(bytes)) return "";
  const units = t("units").split(" ");
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toLocaleString(language, { maximumFractionDigits: unit ? 1 : 0 })} ${units[unit]}`;
}

export function lengthOf(seconds) {
  if (!Number.isFinite(seconds)) return "0:00";
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
