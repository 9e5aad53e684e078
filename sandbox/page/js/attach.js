// The attach menu: what to send, as a ready sample or as one's own file.
// data-testid: attach-menu, attach-mode [data-mode], attach-item [data-kind], attach-file (the hidden input).

import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { closeMenu, openMenu } from "./menu.js";
import { recall, remember } from "./prefs.js";
import { sampleContact, sampleFiles, samplePlace } from "./samples.js";

const KINDS = [
  ["photo", "photo"], ["album", "album"], ["video", "video"], ["video_note", "round"], ["voice", "voice"], ["audio", "audio"],
  ["document", "file"], ["animation", "gif"], ["sticker", "sticker"], ["location", "place"], ["contact", "person"], ["dice", "dice"],
];
const ACCEPT = {
  photo: "image/*", album: "image/*,video/*", video: "video/*", video_note: "video/*", voice: "audio/*,.ogg,.oga",
  audio: "audio/*", animation: "image/gif,video/*", sticker: "image/webp,image/png,video/webm",
};
const FILELESS = new Set(["location", "contact", "dice"]);

/** to: {files(kind, files), words(message), fail(text)}; lacks: the kinds that this messenger has not. */
export function attachMenu(anchor, to, lacks = []) {
  let mode = recall("attach", "sample");
  const grid = h("div.attach-grid");
  const choose = (next) => {
    mode = next;
    remember("attach", mode);
    tabs.forEach((tab) => tab.setAttribute("aria-pressed", String(tab.dataset.mode === mode)));
    for (const item of grid.children) item.disabled = mode === "file" && FILELESS.has(item.dataset.kind);
  };
  const tabs = ["sample", "file"].map((name) => h("button.attach-mode", {
    testid: "attach-mode", data: { mode: name }, onclick: () => choose(name),
  }, t(name === "sample" ? "ready" : "with_file")));
  grid.append(...KINDS.filter(([kind]) => !lacks.includes(kind)).map(([kind, sign]) => h("button.attach-item", {
    testid: "attach-item", role: "menuitem", data: { kind },
    onclick: () => { closeMenu(); pick(kind, mode, to); },
  }, h("span.attach-icon", null, icon(sign)), h("span", null, t(kind)))));
  openMenu(anchor, [], {
    label: t("attach"), extra: "attach-menu", align: "left",
    header: h("div", { testid: "attach-menu" }, h("div.attach-modes", null, tabs), grid),
  });
  choose(mode);
}

async function pick(kind, mode, to) {
  if (FILELESS.has(kind)) return to.words(wordless(kind));
  const files = mode === "file" ? await ownFiles(kind) : await ready(kind, to);
  if (!files?.length) return null;
  if (kind === "album" && (files.length < 2 || files.length > 10)) return to.fail(t("album_size"));
  return to.files(kind === "album" ? albumKind(files) : kind, files);
}

const albumKind = (files) => (files.every((file) => file.type.startsWith("video/")) ? "video" : "photo");

function wordless(kind) {
  if (kind === "location") return { location: samplePlace() };
  if (kind === "contact") return { contact: sampleContact() };
  return { dice: "🎲" };
}

async function ready(kind, to) {
  to.busy(true);
  try {
    const files = await sampleFiles(kind);
    if (!files) to.fail(t("no_video"));
    return files;
  } finally {
    to.busy(false);
  }
}

function ownFiles(kind) {
  return new Promise((resolve) => {
    const input = h("input.offscreen", {
      testid: "attach-file", type: "file", accept: ACCEPT[kind], multiple: kind === "album", tabindex: "-1", "aria-hidden": "true",
    });
    const done = (files) => { input.remove(); resolve(files); };
    input.addEventListener("change", () => done([...input.files]));
    input.addEventListener("cancel", () => done(null));
    document.body.append(input);
    input.click();
  });
}
