// The page: header, guide, tabs and the row of phones. Wires the store, the live connection and the windows.
// data-testid: header, connection [data-state], open-botfather, open-person, open-faults (with data-count), open-view,
// language, guide, tabs, tab [data-person], tab-badge, phones, lane [data-lane]; the "view" menu has menu-item with
// data-action guide, reset-view, reset-all, show-<person>.

import { api } from "./api.js";
import { botFather, refreshBotFather } from "./botfather.js";
import { confirmDialog } from "./dialogs.js";
import { avatar, h, icon, iconButton } from "./dom.js";
import { faultsDrawer, refreshFaults } from "./faults.js";
import { guideNode } from "./guide.js";
import { currentLanguage, setLanguage, t } from "./i18n.js";
import { Live } from "./live.js";
import { closeMenu, openMenu } from "./menu.js";
import { newPerson } from "./people.js";
import { Phone } from "./phone.js";
import { forgetView, recall, remember } from "./prefs.js";
import { Store } from "./store.js";
import { forgetSeen, startUnread } from "./unread.js";

class Page {
  constructor(root) {
    this.root = root;
    this.store = new Store();
    this.phones = new Map();
    this.resets = 0;
    this.live = new Live(this.store);
    this.store.listen((changed) => this.update(changed));
    matchMedia("(max-width: 720px)").addEventListener("change", () => this.#eachShown());
    document.addEventListener("visibilitychange", () => document.hidden || this.#eachShown());
    this.build();
    this.live.open();
  }

  build() {
    document.documentElement.lang = currentLanguage();
    document.title = t("title");
    this.phones.forEach((phone) => phone.destroy());
    this.phones.clear();
    this.connection = h("span.connection", { testid: "connection", role: "status" }, h("i"), h("span"));
    this.faultCount = h("span.badge", { hidden: true });
    this.guide = h("div.guide-place");
    this.tabs = h("div.tabs", { testid: "tabs", role: "tablist", "aria-label": t("phones") });
    this.lanes = { staff: this.#lane("staff"), customers: this.#lane("customers") };
    this.row = h("main.phones", { testid: "phones", "aria-label": t("phones") }, this.lanes.staff.node, this.lanes.customers.node);
    this.waiting = h("p.loading", null, t("loading"));
    this.root.replaceChildren(this.#header(), this.guide, this.tabs, this.row, this.waiting);
    this.update(null);
  }

  #lane(name) {
    const phones = h("div.lane-phones");
    return { phones, node: h("section.lane", { testid: "lane", data: { lane: name }, "aria-label": t(`lane_${name}`) }, h("h2.lane-name", null, t(`lane_${name}`)), phones) };
  }

  #header() {
    const button = (testid, sign, label, run, ...more) => h("button.button.head-button", {
      testid, title: label, "aria-label": label, onclick: run,
    }, icon(sign), h("span", null, label), more);
    this.faultsButton = button("open-faults", "bolt", t("faults"), () => faultsDrawer(this.store), this.faultCount);
    return h("header.head", { testid: "header" },
      h("div.brand", null, h("img", { src: "/static/logo.svg", alt: "", width: "30", height: "30" }), h("h1", null, t("product")), h("span", null, t("sandbox"))),
      this.connection,
      h("nav.head-buttons", { "aria-label": t("view") },
        button("open-botfather", "bot", t("botfather"), () => botFather(this.store)),
        button("open-person", "people", t("new_person"), () => newPerson(this.store, (id) => this.focusPhone(id))),
        this.faultsButton,
        iconButton("view", t("view"), { testid: "open-view", "aria-haspopup": "menu", onclick: (event) => this.#viewMenu(event.currentTarget.getBoundingClientRect()) }),
        h("button.round.language", { testid: "language", "aria-label": t("language_button"), title: t("language_button"), onclick: () => this.#switchLanguage() }, t("language_short"))));
  }

  #switchLanguage() {
    setLanguage(currentLanguage() === "ru" ? "en" : "ru");
    closeMenu();
    this.build();
    this.root.querySelector("[data-testid=language]").focus();
  }

  #viewMenu(anchor) {
    const hidden = this.#hiddenPeople();
    openMenu(anchor, [
      { icon: "guide", label: t("show_guide"), action: "guide", run: () => this.#showGuide(true) },
      ...hidden.map((person) => ({ icon: "person", label: `${t("show_again")}: ${person.name}`, action: `show-${person.id}`, run: () => this.show(String(person.id)) })),
      { icon: "view", label: t("reset_view"), action: "reset-view", run: () => this.#resetView() },
      null,
      { icon: "trash", label: t("reset_all"), action: "reset-all", danger: true, run: () => this.#resetAll() },
    ], { label: t("view") });
  }

  #hiddenPeople() {
    return recall("hidden", []).map((id) => this.store.people.get(id)).filter(Boolean);
  }

  #showGuide(shown) {
    remember("guide", shown ? null : "closed");
    this.update(null);
  }

  #resetView() {
    forgetView();
    this.active = null;
    this.build();
    this.row.scrollTo({ left: 0, behavior: "smooth" });
  }

  async #resetAll() {
    if (!(await confirmDialog(t("reset_all"), t("reset_all_sure"), t("reset_all_yes"), { danger: true }))) return;
    await api.reset();
    forgetView();
    forgetSeen();
    location.reload();
  }

  hide(person) {
    remember("hidden", [...new Set([...recall("hidden", []), person])]);
    this.update(null);
  }

  show(person) {
    remember("hidden", recall("hidden", []).filter((id) => id !== person));
    this.update(null);
    this.focusPhone(person);
  }

  botFather() {
    botFather(this.store);
  }

  seen() {
    this.seenTimer ??= setTimeout(() => { this.seenTimer = null; this.#drawTabs(); }, 30);
  }

  /** changed: {page, chats} of the store, or null to look at everything. */
  update(changed) {
    const { store } = this;
    this.waiting.hidden = store.loaded;
    this.row.hidden = !store.loaded;
    if (store.resets !== this.resets) {
      this.resets = store.resets;
      forgetSeen();
      startUnread(store);
    } else if (store.loaded && !this.counted) {
      this.counted = true;
      startUnread(store);
    }
    this.#drawConnection();
    if (!store.loaded) return;
    if (!changed || changed.page) this.#drawPhones();
    for (const phone of this.phones.values()) phone.update(changed && !changed.page ? changed.chats : null);
    this.#drawGuide();
    this.#drawTabs();
    this.faultCount.hidden = !store.faults.length;
    this.faultCount.textContent = String(store.faults.length);
    this.faultsButton.dataset.count = String(store.faults.length);
    this.faultsButton.classList.toggle("lit", store.faults.length > 0);
    if (!changed || changed.page) {
      refreshBotFather();
      refreshFaults();
    }
  }

  #drawConnection() {
    const state = this.store.online ? "online" : "offline";
    this.connection.dataset.state = state;
    this.connection.lastChild.textContent = t(this.store.loaded || this.store.online ? state : "loading");
  }

  #drawPhones() {
    const hidden = new Set(recall("hidden", []));
    const people = [...this.store.people.values()].filter((person) => !hidden.has(String(person.id)));
    const wanted = new Set(people.map((person) => String(person.id)));
    for (const [id, phone] of this.phones) {
      if (wanted.has(id)) continue;
      phone.destroy();
      phone.node.remove();
      this.phones.delete(id);
    }
    for (const person of people) {
      const id = String(person.id);
      if (this.phones.has(id)) continue;
      const phone = new Phone(this.store, person, this);
      this.phones.set(id, phone);
      this.lanes[person.staff ? "staff" : "customers"].phones.append(phone.node);
      phone.shown();
    }
    if (!this.phones.has(this.active)) this.active = recall("active", null);
    if (!this.phones.has(this.active)) this.active = this.#order()[0] ?? null;
    for (const lane of Object.values(this.lanes)) lane.node.hidden = !lane.phones.childElementCount;
    this.#markActive();
  }

  #order() {
    return [...this.row.querySelectorAll("[data-testid=phone]")].map((node) => node.dataset.person);
  }

  #markActive() {
    for (const [id, phone] of this.phones) phone.node.classList.toggle("active", id === this.active);
    for (const lane of Object.values(this.lanes)) lane.node.classList.toggle("active", Boolean(lane.phones.querySelector(".active")));
  }

  #drawTabs() {
    const order = this.#order();
    const facts = order.map((id) => [id, this.store.people.get(id), this.phones.get(id).unread()]);
    const signature = JSON.stringify([this.active, facts.map(([id, person, unread]) => [id, person?.name, unread])]);
    if (signature === this.tabsDrawn && this.tabs.childElementCount) return;
    this.tabsDrawn = signature;
    const focused = this.tabs.contains(document.activeElement);
    this.tabs.replaceChildren(...facts.map(([id, person, unread]) => h("button.tab", {
      testid: "tab", role: "tab", "aria-selected": String(id === this.active), tabindex: id === this.active ? "0" : "-1", data: { person: id },
      onclick: () => this.focusPhone(id), onkeydown: (event) => this.#tabKey(event, order),
    }, avatar(person?.name, id, "small"), h("span", { dir: "auto" }, person?.name),
    unread > 0 && h("span.badge", { testid: "tab-badge", "aria-label": t("unread", { n: unread }) }, unread > 99 ? "99+" : unread))));
    if (focused) this.tabs.querySelector("[aria-selected=true]")?.focus();
  }

  #tabKey(event, order) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.focusPhone(order[(order.indexOf(this.active) + step + order.length) % order.length]);
  }

  /** Brings a phone to the eye: its tab on a small screen, its place in the row on a large one. */
  focusPhone(id) {
    const phone = this.phones.get(id);
    if (!phone) return;
    this.active = id;
    remember("active", id);
    this.#markActive();
    this.#drawTabs();
    this.tabs.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "center" });
    phone.node.scrollIntoView({ block: "nearest", inline: "center", behavior: "smooth" });
    phone.shown();
    phone.node.classList.remove("called");
    void phone.node.offsetWidth; // restarts the animation
    phone.node.classList.add("called");
  }

  #eachShown() {
    this.phones.forEach((phone) => phone.shown());
  }

  #drawGuide() {
    if (recall("guide", null) === "closed") return void this.guide.replaceChildren();
    const people = [...this.store.people.values()];
    const staff = people.find((person) => person.staff);
    const customer = people.find((person) => !person.staff);
    const to = (person) => () => person && (this.phones.has(String(person.id)) ? this.focusPhone(String(person.id)) : this.show(String(person.id)));
    const node = guideNode(this.store, {
      staffName: staff?.name || "", close: () => this.#showGuide(false),
      go: [to(staff), () => this.botFather(), to(staff), to(customer), to(staff)],
    });
    if (this.guide.firstChild?.isEqualNode(node)) return;
    const focused = this.guide.contains(document.activeElement) && document.activeElement.dataset.step;
    this.guide.replaceChildren(node);
    if (focused) node.querySelector(`[data-step="${focused}"]`)?.focus();
    node.querySelector("[data-current=true]")?.parentElement.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }
}

new Page(document.querySelector("#app"));
