// Which links may be followed, and which of them are played inside a phone.

const SAFE = new Set(["http:", "https:", "mailto:", "tel:"]);

/** The address to put into href, or null for anything that could run code or read files. */
export function safeUrl(raw) {
  const text = String(raw || "").trim();
  const full = /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `https://${text}`;
  try {
    const url = new URL(full);
    return SAFE.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** {username, payload} of t.me/<bot>?start=<code> and tg://resolve?domain=<bot>&start=<code>, or null. */
export function botLink(raw) {
  const text = String(raw || "").trim();
  try {
    const url = new URL(/^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `https://${text}`);
    if (url.protocol === "tg:" && /resolve/.test(url.host + url.pathname)) {
      const username = url.searchParams.get("domain");
      return username ? { username, payload: url.searchParams.get("start") } : null;
    }
    if (!/^(www\.)?(t\.me|telegram\.me|telegram\.dog)$/.test(url.hostname)) return null;
    const parts = url.pathname.split("/").filter(Boolean);
    return parts.length === 1 ? { username: parts[0], payload: url.searchParams.get("start") } : null;
  } catch {
    return null;
  }
}
