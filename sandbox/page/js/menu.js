// Pop-up menus: keyboard, outside press and Escape close them; on a narrow screen they rise from the bottom.
// data-testid: menu, menu-item [data-action].

import { h, icon } from "./dom.js";

let current = null;

export function closeMenu() {
  current?.close();
}

/** items: [{icon, label, action, danger, disabled, run}], null for a divider; header: any node shown above. */
export function openMenu(anchor, items, { label, header = null, extra = "", align = "right", onclose = null } = {}) {
  closeMenu();
  const opener = document.activeElement;
  const node = h("div.menu", { testid: "menu", role: "menu", "aria-label": label, tabindex: "-1", class: extra },
    header, items.map((item) => (item ? entry(item) : h("hr"))));
  const shade = h("div.menu-shade", { onpointerdown: (event) => { event.preventDefault(); close(); } });
  shade.addEventListener("contextmenu", (event) => event.preventDefault());
  const close = () => {
    if (current !== handle) return;
    current = null;
    node.remove();
    shade.remove();
    onclose?.();
    if (opener?.isConnected) opener.focus({ preventScroll: true });
  };
  const handle = { close, node };
  node.addEventListener("keydown", (event) => keys(event, node, close));
  (document.querySelector("dialog[open]") || document.body).append(shade, node);
  place(node, anchor, align);
  current = handle;
  (node.querySelector("[role=menuitem]:not([disabled])") || node).focus({ preventScroll: true });
  return handle;
}

function entry(item) {
  return h("button.menu-item", {
    testid: "menu-item", role: "menuitem", disabled: item.disabled, title: item.note,
    class: item.danger ? "danger" : "", data: { action: item.action },
    onclick: () => { closeMenu(); item.run(); },
  }, icon(item.icon), h("span", null, item.label, item.note && h("small", null, item.note)));
}

function keys(event, node, close) {
  const entries = [...node.querySelectorAll("button:not([disabled])")];
  const at = entries.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (event.key === "Escape" || event.key === "Tab") close();
  else if (step) entries[(at + step + entries.length) % entries.length]?.focus();
  else if (event.key === "Home") entries[0]?.focus();
  else if (event.key === "End") entries[entries.length - 1]?.focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** anchor: a DOMRect (menu below or above it, its left or right edge kept) or {x, y} of a pointer. */
function place(node, anchor, align) {
  if (matchMedia("(max-width: 720px)").matches) return; // a sheet, laid by the style
  const box = node.getBoundingClientRect();
  const left = anchor.width === undefined ? anchor.x : align === "left" ? anchor.left : anchor.right - box.width;
  const below = anchor.bottom ?? anchor.y;
  const above = (anchor.top ?? anchor.y) - box.height - 6;
  const top = below + box.height + 14 > innerHeight && above > 8 ? above : below + 6;
  node.style.left = `${Math.max(8, Math.min(left, innerWidth - box.width - 8))}px`;
  node.style.top = `${Math.max(8, Math.min(top, innerHeight - box.height - 8))}px`;
}
