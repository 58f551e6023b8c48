// Arrows move the focus over the tiles of a grid, as one sees them; Home and End go to its ends.
window.starling.moveInGrid = (event) => {
  const grid = event.currentTarget;
  const tiles = [...grid.querySelectorAll(".tile__open")];
  const at = tiles.indexOf(event.target);
  if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -at, End: tiles.length - 1 - at };
  if (!(event.key in steps)) return;
  event.preventDefault();
  tiles[at + steps[event.key]]?.focus();
};

// Gives the focus back to a part that was drawn again while it was there: to what now stands in the same place.
{
  const stops = (part) => [...part.querySelectorAll("a[href], button")];
  let last = null;
  addEventListener("focusin", ({ target }) => {
    const part = target.closest(".viewer__details");
    last = part && { id: part.id, at: stops(part).indexOf(target) };
  });
  window.starling.refocus = (part) => {
    if (!part || last?.id !== part.id || document.activeElement !== document.body) return;
    const now = stops(part);
    (now[Math.min(last.at, now.length - 1)] ?? part.closest(".q-dialog__inner"))?.focus();
  };
}

// Says "previous" or "next" when a finger swipes sideways over an element.
window.starling.swipe = (event, say) => {
  const FAR_PX = 48;
  const touch = event.changedTouches[0];
  const element = event.currentTarget;
  if (event.type === "touchstart") {
    element.swipeFrom = event.touches.length === 1 ? [touch.clientX, touch.clientY] : null;
    return;
  }
  if (!element.swipeFrom) return;
  const [dx, dy] = [touch.clientX - element.swipeFrom[0], touch.clientY - element.swipeFrom[1]];
  element.swipeFrom = null;
  if (Math.abs(dx) > FAR_PX && Math.abs(dx) > 2 * Math.abs(dy)) say(dx < 0 ? "next" : "previous");
};

// Drags a job that waits by its grip among its neighbours; says {job, before} where it is let go, before null at the end.
window.starling.dragJob = (event, say) => {
  const FAR_PX = 5;
  const EDGE_PX = 36;
  const grip = event.target.closest(".job__grip");
  const row = grip?.closest(".job--movable");
  if (!row || event.button !== 0 || !event.isPrimary) return;
  const list = row.parentElement;
  const box = list.closest(".queue__card");
  const from = event.clientY + box.scrollTop;
  const others = () => [...list.querySelectorAll(".job--movable:not(.leave)")].filter((other) => other !== row);
  const clear = () => others().forEach((other) => delete other.dataset.drop);
  let dragging = false;
  let before = null;

  const move = (now) => {
    const way = now.clientY + box.scrollTop - from;
    if (!dragging && Math.abs(way) < FAR_PX) return;
    dragging = true;
    row.dataset.dragged = "";
    const { top, bottom } = box.getBoundingClientRect();
    if (now.clientY < top + EDGE_PX) box.scrollTop -= 10;
    if (now.clientY > bottom - EDGE_PX) box.scrollTop += 10;
    row.style.translate = `0 ${now.clientY + box.scrollTop - from}px`;
    clear();
    const rows = others();
    before = rows.find((other) => {
      const { top, height } = other.getBoundingClientRect();
      return now.clientY < top + height / 2;
    });
    if (before) before.dataset.drop = "before";
    else if (rows.length) rows.at(-1).dataset.drop = "after";
  };
  const end = (how) => {
    grip.removeEventListener("pointermove", move);
    grip.removeEventListener("pointerup", drop);
    grip.removeEventListener("pointercancel", stop);
    document.removeEventListener("keydown", escape, true);
    clear();
    const settle = () => {
      delete row.dataset.dragged;
      row.style.translate = "";
    };
    if (how !== "drop" || !dragging) return settle();
    grip.addEventListener("click", (click) => click.stopImmediatePropagation(), { once: true, capture: true });
    // It stays where it was let go until the list has it there.
    const watch = new MutationObserver(() => watch.disconnect() || settle());
    watch.observe(list, { childList: true });
    setTimeout(() => watch.disconnect() || settle(), 400);
    say({ job: row.dataset.job, before: before?.dataset.job ?? null });
  };
  const drop = () => end("drop");
  const stop = () => end("stop");
  const escape = (key) => {
    if (key.key !== "Escape") return;
    key.stopPropagation();
    end("stop");
  };
  grip.setPointerCapture(event.pointerId);
  grip.addEventListener("pointermove", move);
  grip.addEventListener("pointerup", drop);
  grip.addEventListener("pointercancel", stop);
  document.addEventListener("keydown", escape, true);
};

// Arrows, Home and End on a grip move its job; the focus goes with it.
window.starling.stepJob = (event, say) => {
  const steps = { ArrowUp: -1, ArrowDown: 1, Home: -1000, End: 1000 };
  const grip = event.target.closest(".job__grip");
  if (!grip || !(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  event.preventDefault();
  const list = event.currentTarget;
  const job = grip.closest(".job").dataset.job;
  const keep = new MutationObserver(() => {
    if (document.activeElement === document.body) list.querySelector(`[data-job="${job}"] .job__grip`)?.focus();
  });
  keep.observe(list, { childList: true });
  setTimeout(() => keep.disconnect(), 1500);
  say({ job, by: steps[event.key] });
};
