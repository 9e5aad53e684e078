// Touch on a message: a long press opens its menu, a pull to the left replies. Arrow keys walk the messages.

const LONG = 450;
const PULL = 56;

/** on: {menu(row, point, target), reply(row)} */
export function gestures(scroller, on) {
  let touch = null;
  const rowOf = (event) => event.target.closest?.("[data-testid=message]");
  const stop = () => {
    if (!touch) return;
    clearTimeout(touch.timer);
    touch.row.style.transform = "";
    touch.row.classList.remove("pulled", "pulling");
    touch = null;
  };

  scroller.addEventListener("touchstart", (event) => {
    stop();
    const row = rowOf(event);
    if (!row || event.touches.length > 1 || event.target.closest("video[controls], audio, .waveform, .sound-line")) return;
    const { clientX: x, clientY: y } = event.touches[0];
    const { target } = event;
    touch = { row, x, y, pulled: 0 };
    touch.timer = setTimeout(() => {
      const point = { x, y };
      stop();
      navigator.vibrate?.(12);
      swallowNextClick();
      on.menu(row, point, target);
    }, LONG);
  }, { passive: true });

  scroller.addEventListener("touchmove", (event) => {
    if (!touch) return;
    const dx = event.touches[0].clientX - touch.x;
    const dy = event.touches[0].clientY - touch.y;
    if (Math.abs(dx) > 8 || Math.abs(dy) > 8) clearTimeout(touch.timer);
    if (!touch.pulling && Math.abs(dy) > Math.abs(dx)) return void (Math.abs(dy) > 10 && stop());
    if (dx > -10) return;
    touch.pulling = true;
    touch.pulled = Math.max(dx, -80);
    touch.row.classList.add("pulling");
    touch.row.classList.toggle("pulled", touch.pulled <= -PULL);
    touch.row.style.transform = `translateX(${touch.pulled}px)`;
  }, { passive: true });

  scroller.addEventListener("touchend", () => {
    const done = touch && touch.pulled <= -PULL ? touch.row : null;
    stop();
    if (done) on.reply(done);
  });
  scroller.addEventListener("touchcancel", stop);

  scroller.addEventListener("contextmenu", (event) => {
    const row = rowOf(event);
    if (!row || event.target.closest("a")) return;
    event.preventDefault();
    if (touch) return; // the long press has its own timer
    on.menu(row, { x: event.clientX, y: event.clientY }, event.target);
  });

  scroller.addEventListener("keydown", (event) => walk(event, scroller, on));
}

function swallowNextClick() {
  const swallow = (event) => { event.preventDefault(); event.stopPropagation(); };
  addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", swallow, { capture: true }), 700);
}

function walk(event, scroller, on) {
  const row = event.target.closest("[data-testid=message]");
  const rows = [...scroller.querySelectorAll("[data-testid=message]")];
  if (event.target !== scroller && event.target !== row) return;
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    const at = row ? rows.indexOf(row) + (event.key === "ArrowUp" ? -1 : 1) : rows.length - 1;
    if (!rows[at]) return;
    rows[at].focus();
    rows[at].scrollIntoView({ block: "nearest" });
  } else if (row && event.key === "Enter") {
    const { left, bottom } = row.querySelector(".bubble").getBoundingClientRect();
    on.menu(row, { x: left, y: Math.min(bottom, innerHeight - 80) }, row);
  } else if (row && event.key === "r") {
    on.reply(row);
  } else {
    return;
  }
  event.preventDefault();
}
