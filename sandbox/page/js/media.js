// What a message carries besides text: photos, albums, videos, files, places, contacts.
// data-testid: media-<kind>, album, media-location, media-contact, media-other, lightbox.

import { avatar, copyText, h, hash, icon, iconButton, svg } from "./dom.js";
import { sizeOf, t } from "./i18n.js";
import { roundVideo, soundPlayer } from "./player.js";

export const VISUAL = new Set(["photo", "video", "animation"]);

export function mediaNode(media) {
  switch (media.kind) {
    case "photo": return photo(media);
    case "video": return video(media, { controls: true });
    case "animation": return media.mime === "image/gif" ? photo(media) : video(media, { autoplay: true, loop: true });
    case "video_note": return roundVideo(media);
    case "voice": case "audio": return soundPlayer(media);
    case "sticker": return sticker(media);
    default: return file(media);
  }
}

function shape(media) {
  const ratio = media.width && media.height ? media.width / media.height : 4 / 3;
  return { "--ratio": String(Math.min(2.2, Math.max(0.62, ratio))) };
}

function broken(node, media) {
  node.replaceChildren(h("span.broken-note", null, icon("photo"), h("span", null, media.name || t("unavailable"))));
  node.classList.add("broken");
}

function photo(media) {
  const image = h("img", { src: media.url, alt: media.name || t("photo"), draggable: "false", decoding: "async" });
  const node = h("button.visual", {
    testid: `media-${media.kind}`, "aria-label": t("open_photo"), style: shape(media), onclick: () => lightbox(media),
  }, image);
  image.onerror = () => broken(node, media);
  return node;
}

function video(media, { controls = false, autoplay = false, loop = false }) {
  const element = h("video", { src: media.url, playsinline: true, preload: "metadata", controls, loop, autoplay });
  element.muted = autoplay;
  const mark = media.kind === "animation" && h("span.gif-mark", null, "GIF");
  const node = h("div.visual", { testid: `media-${media.kind}`, style: shape(media) }, element, mark);
  element.onerror = () => {
    const link = h("a.broken-note", { href: media.url, download: media.name || "video" }, icon("video"), media.name || t("video"));
    node.replaceChildren(link);
    node.classList.add("broken");
  };
  return node;
}

function sticker(media) {
  const moving = media.mime?.startsWith("video/");
  const node = moving
    ? h("video", { src: media.url, playsinline: true, autoplay: true, loop: true })
    : h("img", { src: media.url, alt: t("sticker"), draggable: "false" });
  if (moving) node.muted = true;
  const box = h("div.sticker", { testid: "media-sticker" }, node);
  node.onerror = () => box.replaceChildren(h("span.sticker-word", null, "🏷️"));
  return box;
}

function file(media) {
  const ending = (media.name || "").split(".").pop().slice(0, 4).toUpperCase();
  return h("a.file", {
    testid: "media-document", href: media.url, download: media.name || "file", "aria-label": `${t("download")}: ${media.name || ""}`,
  }, h("span.file-mark", null, /^[A-Z0-9]{1,4}$/.test(ending) ? ending : icon("file")),
  h("span.file-body", null, h("span.file-name", null, media.name || t("document")), h("span.file-size", null, sizeOf(media.size))));
}

/** Several photos and videos as one grid; rows of two or three, the first row wider. */
export function albumNode(messages) {
  const count = messages.length;
  const first = count === 3 || count === 4 || count === 7 ? 1 : count % 3 === 2 ? 2 : count % 3 || 3;
  const rows = [];
  for (let at = 0; at < count;) {
    const size = at === 0 ? first : Math.min(count === 4 ? 3 : count === 3 ? 2 : 3, count - at);
    rows.push(messages.slice(at, at + size));
    at += size;
  }
  return h("div.album", { testid: "album", role: "group", "aria-label": t("album_of", { n: count }), data: { count } },
    rows.map((row) => h("div.album-row", { data: { size: row.length } },
      row.map((message) => h("div.album-part", { data: { partId: message.id } }, mediaNode(message.media))))));
}

export function lightbox(media) {
  const dialog = h("dialog.lightbox", {
    testid: "lightbox", "aria-label": media.name || t("photo"),
    onclick: (event) => event.target.tagName !== "IMG" && dialog.close(), onclose: () => dialog.remove(),
  }, h("img", { src: media.url, alt: media.name || t("photo") }), iconButton("close", t("close"), { class: "lightbox-close" }));
  document.body.append(dialog);
  dialog.showModal();
}

/** A place drawn from its coordinates alone: streets are invented, the same for the same place. */
export function placeNode(place, toast) {
  const seed = hash(`${place.latitude},${place.longitude}`);
  const at = `${place.latitude.toFixed(5)}, ${place.longitude.toFixed(5)}`;
  const copy = async () => { if (await copyText(at)) toast(t("copied")); };
  return h("button.place", { testid: "media-location", title: t("copy_coordinates"), onclick: copy },
    map(seed),
    h("span.place-text", null,
      place.title && h("b", null, place.title), place.address && h("span", null, place.address),
      h("span.place-at", null, at)));
}

function map(seed) {
  const pick = (n, span) => (Math.imul(seed ^ (n * 2654435761), 1597334677) >>> 8) % span;
  const picture = svg("svg", { class: "map", viewBox: "0 0 260 120", preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true" });
  picture.append(svg("rect", { class: "map-land", width: 260, height: 120 }));
  picture.append(svg("path", { class: "map-park", d: `M${pick(1, 120)} ${pick(2, 50)}h${40 + pick(3, 40)}v${24 + pick(4, 26)}h-${50 + pick(5, 20)}z` }));
  const river = 10 + pick(6, 90);
  picture.append(svg("path", { class: "map-water", d: `M-10 ${river} C 60 ${river - 40 + pick(7, 60)}, 160 ${river + 50 - pick(8, 60)}, 270 ${20 + pick(9, 80)}` }));
  for (let i = 0; i < 6; i += 1) {
    const x = i * 48 + pick(10 + i, 30);
    const y = i * 24 + pick(20 + i, 16);
    picture.append(svg("path", { class: "map-street", d: `M${x} -5 L${x - 20 + pick(30 + i, 40)} 125` }));
    picture.append(svg("path", { class: i % 3 ? "map-street" : "map-street wide", d: `M-5 ${y} L265 ${y - 14 + pick(40 + i, 28)}` }));
  }
  picture.append(svg("ellipse", { class: "map-shade", cx: 130, cy: 69, rx: 8, ry: 3 }));
  picture.append(svg("path", { class: "map-pin", d: "M130 68c-9-10-14-17-14-24a14 14 0 0 1 28 0c0 7-5 14-14 24z" }));
  picture.append(svg("circle", { class: "map-dot", cx: 130, cy: 44, r: 5 }));
  return picture;
}

export function contactNode(contact, toast) {
  const copy = async () => { if (await copyText(contact.phone)) toast(t("copied")); };
  return h("button.contact", { testid: "media-contact", title: t("copy"), onclick: copy },
    avatar(contact.name, contact.phone), h("span.contact-text", null, h("b", null, contact.name), h("span", null, contact.phone)));
}

const OTHER = { dice: "🎲", poll: "📊", game: "🎮", invoice: "🧾", story: "🎞️", checklist: "☑️", paid_media: "⭐", gift: "🎁" };

export function otherNode(kind) {
  const words = { dice: t("dice"), poll: t("poll") };
  return h("div.other", { testid: "media-other", data: { kind } },
    h("span.other-mark", null, OTHER[kind] || "📎"), h("span", null, words[kind] || kind));
}

/** One line that stands for a message: in quotes, the pinned bar and the list of chats. */
export function summary(message) {
  if (!message) return t("gone");
  if (message.service) return message.service;
  if (message.text) return message.text.replace(/\s+/g, " ").slice(0, 160);
  if (message.media) return message.media.kind === "document" ? message.media.name || t("document") : t(message.media.kind);
  if (message.location) return message.location.title || t("location");
  if (message.contact) return `${t("contact")}: ${message.contact.name}`;
  if (message.other) return otherNode(message.other).textContent;
  return t("message");
}
