// What this browser remembers of the view: language, drafts, which phones show which chat. Never messages.

const PREFIX = "pult.sandbox.";

export function recall(name, fallback) {
  try {
    const stored = localStorage.getItem(PREFIX + name);
    return stored === null ? fallback : JSON.parse(stored);
  } catch {
    return fallback;
  }
}

export function remember(name, value) {
  try {
    if (value === null || value === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing still works until it is reloaded.
  }
}

export function forgetView() {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX) && key !== `${PREFIX}language`) localStorage.removeItem(key);
    }
  } catch {
    // as above
  }
}
