// The only way elements are made here: data becomes text nodes and attributes, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** h("button.primary", {testid: "send", onclick: f, "aria-label": "…"}, children…) */
export function h(spec, props, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  if (tag === "button") node.type = "button";
  for (const [name, value] of Object.entries(props || {})) assign(node, name, value);
  append(node, children);
  return node;
}

function assign(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (name === "testid") node.dataset.testid = value;
  else if (name === "data") Object.assign(node.dataset, defined(value));
  else if (name === "style") for (const [key, part] of Object.entries(value)) node.style.setProperty(key, part);
  else if (name === "class") node.classList.add(...String(value).split(" ").filter(Boolean));
  else if (name === "value") node.value = value;
  else node.setAttribute(name, value === true ? "" : String(value));
}

function defined(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined));
}

export function append(node, children) {
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

export function icon(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon ${extra}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

export function iconButton(name, label, props = {}) {
  return h("button.round", { "aria-label": label, title: label, ...props }, icon(name));
}

/** A small stable number from any text: colours, streets and waveforms that stay the same. */
export function hash(text) {
  let value = 2166136261;
  for (const char of String(text)) value = Math.imul(value ^ char.codePointAt(0), 16777619);
  return value >>> 0;
}

const HUES = [254, 168, 14, 205, 322, 42, 140, 282];

export function avatar(name, id, extra = "") {
  const words = String(name || "?").trim().split(/\s+/);
  const initials = words.slice(0, 2).map((word) => [...word][0] || "").join("").toUpperCase() || "?";
  return h(`span.avatar`, {
    class: extra, "aria-hidden": "true",
    style: { "--hue": HUES[hash(`${id}${name}`) % HUES.length] },
  }, initials);
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyWithoutPermission(text); // plain http on another machine has no clipboard object
  }
}

function copyWithoutPermission(text) {
  const area = h("textarea.offscreen", { "aria-hidden": "true", value: text });
  const host = document.querySelector("dialog[open]") || document.body;
  const focused = document.activeElement;
  host.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus?.({ preventScroll: true });
  return done;
}
