// The live connection: events as they come, and after every break the whole state again.

import { api } from "./api.js";

const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 5000;

export class Live {
  constructor(store) {
    this.store = store;
    this.pause = FIRST_PAUSE;
    this.waiting = null;
    addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => document.hidden || this.now());
  }

  open() {
    clearTimeout(this.timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/live`);
    this.socket = socket;
    this.waiting = []; // events that arrive while the state is being fetched
    socket.onopen = () => this.catchUp(socket);
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = () => socket === this.socket && this.lost();
  }

  async catchUp(socket) {
    try {
      this.store.load(await api.state());
    } catch {
      socket.close();
      return;
    }
    if (socket !== this.socket) return;
    const held = this.waiting;
    this.waiting = null;
    for (const event of held) this.take(event);
    this.pause = FIRST_PAUSE;
    this.store.setOnline(true);
  }

  take(event) {
    if (this.waiting) this.waiting.push(event);
    else if (!this.store.apply(event)) this.refetch();
  }

  async refetch() {
    if (this.fetching) return;
    this.fetching = true;
    try {
      this.store.load(await api.state());
    } catch {
      // the connection's own loss is noticed by the socket
    } finally {
      this.fetching = false;
    }
  }

  lost() {
    this.store.setOnline(false);
    this.timer = setTimeout(() => this.open(), this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  now() {
    if (this.socket?.readyState === WebSocket.CLOSED) this.open();
  }
}
