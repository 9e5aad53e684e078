// The sandbox's HTTP interface, one function per call; a refusal becomes an Error with the server's sentence.

export class Refused extends Error {}

async function call(method, path, body) {
  const form = body instanceof FormData;
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body && !form ? { "Content-Type": "application/json" } : {},
      body: body && !form ? JSON.stringify(body) : body,
    });
  } catch {
    throw new Refused("offline");
  }
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(data.error || `${answer.status} ${answer.statusText}`);
  return data;
}

const post = (path, body = {}) => call("POST", path, body);
const chatPath = (chat, act) =>
  `/api/chats/${encodeURIComponent(chat.bot)}/${encodeURIComponent(chat.person)}/${act}`;

export const api = {
  state: () => call("GET", "/api/state"),
  reset: () => post("/api/reset"),
  newPerson: (person) => post("/api/people", person),
  newBot: (bot) => post("/api/bots", bot),
  newToken: (bot) => post(`/api/bots/${encodeURIComponent(bot)}/token`),
  allowManaging: (bot, allowed) => post(`/api/bots/${encodeURIComponent(bot)}/manages`, { allowed }),
  start: (chat, payload) => post(chatPath(chat, "start"), payload ? { payload } : {}),
  send: (chat, message) => post(chatPath(chat, "send"), message),
  edit: (chat, id, text, entities) => post(chatPath(chat, "edit"), { message_id: id, text, entities }),
  remove: (chat, id) => post(chatPath(chat, "delete"), { message_id: id }),
  react: (chat, id, emoji) => post(chatPath(chat, "react"), { message_id: id, emoji }),
  press: (chat, id, row, column) => post(chatPath(chat, "press"), { message_id: id, row, column }),
  share: (chat, what) => post(chatPath(chat, "share"), what),
  block: (chat, blocked) => post(chatPath(chat, "block"), { blocked }),
  addFault: (fault) => post("/api/faults", fault),
  removeFault: (id) => call("DELETE", `/api/faults/${encodeURIComponent(id)}`),
  clearFaults: () => call("DELETE", "/api/faults"),

  sendFiles(chat, kind, files, { caption = "", reply_to = null, forward_from = null } = {}) {
    const form = new FormData();
    form.append("kind", kind);
    if (caption) form.append("caption", caption);
    if (reply_to) form.append("reply_to", String(reply_to));
    if (forward_from) form.append("forward_from", forward_from);
    for (const file of files) form.append("file", file, file.name);
    return call("POST", chatPath(chat, "send"), form);
  },
};
