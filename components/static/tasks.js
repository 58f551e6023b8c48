// Drags what has data-item among the zones that have data-drop (and data-axis, "x" where things stand side by side).
// Says {does: "take" | "release" | "drop", item, zone, before}: before is null at the end of a zone. A finger holds still
// first, so that it can scroll as well, and near an edge what it is dragged over scrolls by itself; Escape lets go.
window.starling.dragCard = (event, say) => {
  const FAR_PX = 5;
  const EDGE_PX = 48;
  const STEP_PX = 12;
  const HOLD_MS = 260;
  const root = event.currentTarget;
  const item = event.target.closest("[data-item]");
  if (!item || !item.hasAttribute("data-movable") || event.button !== 0 || !event.isPrimary) return;
  if (event.target.closest("[data-still]")) return;
  const touch = event.pointerType === "touch";
  const [x0, y0] = [event.clientX, event.clientY];
  const kind = item.dataset.kind;
  const wide = root.querySelector("[data-scroll]");
  const box = item.getBoundingClientRect();
  let ghost = null;
  let zone = null;
  let before = null;
  let held = false;
  let last = event;

  const clear = () => {
    root.querySelectorAll("[data-mark]").forEach((other) => delete other.dataset.mark);
    for (const other of [root, ...root.querySelectorAll("[data-over]")]) delete other.dataset.over;
  };
  const start = () => {
    held = true;
    ghost = item.cloneNode(true);
    ghost.removeAttribute("id");
    ghost.classList.add("drag-ghost");
    ghost.classList.remove("arrive");
    Object.assign(ghost.style, { width: `${box.width}px`, height: `${box.height}px`, left: `${box.left}px`, top: `${box.top}px` });
    document.body.append(ghost);
    item.dataset.dragged = "";
    if (wide) wide.style.scrollSnapType = "none"; // it would snap back with every step
    say({ does: "take", item: item.dataset.item });
    scroll();
  };
  const near = (at, low, high) => (at < low + EDGE_PX ? -STEP_PX : at > high - EDGE_PX ? STEP_PX : 0);
  const push = (what, x, y) => {
    const { scrollLeft, scrollTop } = what;
    what.scrollBy({ left: x, top: y, behavior: "instant" });
    return what.scrollLeft !== scrollLeft || what.scrollTop !== scrollTop;
  };
  const scroll = () => {
    if (!held) return;
    const { clientX: x, clientY: y } = last;
    const [row, column] = [wide, zone].map((one) => one?.getBoundingClientRect());
    const passed = [
      push(document.scrollingElement, 0, near(y, 0, innerHeight)),
      row && push(wide, near(x, row.left, row.right), 0),
      column && push(zone, 0, near(y, column.top, column.bottom)),
    ];
    if (passed.some(Boolean)) move(last); // something else is under it now
    requestAnimationFrame(scroll);
  };
  const move = (now) => {
    last = now;
    const far = Math.hypot(now.clientX - x0, now.clientY - y0) >= FAR_PX;
    if (!held) {
      if (touch) return far ? end("stop") : undefined;
      if (!far) return;
      start();
    }
    ghost.style.translate = `${now.clientX - x0}px ${now.clientY - y0}px`;
    clear();
    const under = document.elementsFromPoint(now.clientX, now.clientY);
    const zones = [root, ...root.querySelectorAll("[data-drop]")].filter((z) => z.dataset.takes === kind);
    zone = zones.find((z) => under.some((e) => z.contains(e))) ?? null;
    if (!zone && under.includes(root)) { // above a column, or below a short one
      zone = zones.find((z) => {
        const { left, right } = z.getBoundingClientRect();
        return z.dataset.axis !== "x" && left <= now.clientX && now.clientX <= right;
      }) ?? null;
    }
    before = null;
    if (!zone) return;
    zone.dataset.over = "";
    const others = [...zone.querySelectorAll(`[data-kind="${kind}"]:not(.leave)`)].filter((other) => other !== item);
    const side = zone.dataset.axis === "x";
    before = others.find((other) => {
      const { top, height, left, width, bottom } = other.getBoundingClientRect();
      return side ? now.clientY < bottom && (now.clientY < top || now.clientX < left + width / 2) : now.clientY < top + height / 2;
    }) ?? null;
    if (before) before.dataset.mark = "before";
    else if (others.length) others.at(-1).dataset.mark = "after";
  };
  const end = (how) => {
    clearTimeout(patience);
    document.removeEventListener("pointermove", move);
    document.removeEventListener("pointerup", drop);
    document.removeEventListener("pointercancel", stop);
    document.removeEventListener("keydown", escape, true);
    document.removeEventListener("touchmove", stay);
    document.removeEventListener("contextmenu", menu, true);
    clear();
    ghost?.remove();
    delete item.dataset.dragged;
    if (wide) wide.style.scrollSnapType = "";
    if (!held) return;
    held = false;
    // The click that follows opens nothing.
    const swallow = (click) => { click.stopImmediatePropagation(); click.preventDefault(); };
    window.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => window.removeEventListener("click", swallow, { capture: true }), 50);
    say({ does: "release", item: item.dataset.item });
    if (how === "drop" && zone) {
      say({ does: "drop", item: item.dataset.item, zone: zone.dataset.drop, before: before?.dataset.item ?? null });
    }
  };
  const drop = () => end("drop");
  const stop = () => end("stop");
  const stay = (now) => { if (held) now.preventDefault(); };
  const menu = (now) => { if (touch) now.preventDefault(); };
  const escape = (key) => {
    if (key.key !== "Escape" || !held) return;
    key.stopPropagation();
    end("stop");
  };
  const patience = touch ? setTimeout(() => { start(); move(last); }, HOLD_MS) : 0;
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", drop);
  document.addEventListener("pointercancel", stop);
  document.addEventListener("keydown", escape, true);
  document.addEventListener("touchmove", stay, { passive: false });
  document.addEventListener("contextmenu", menu, true);
};

// Arrows move the focus over the things in the zones, as one sees them; with Shift they move the thing, which says
// {does: "step", item, x, y}; the focus goes with it, wherever it is drawn again.
window.starling.stepCard = (event, say) => {
  const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  const item = event.target.closest("[data-item]");
  if (!item || !event.target.matches("[data-open]") || !(event.key in steps)) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const root = event.currentTarget;
  const [x, y] = steps[event.key];
  const focus = (one) => one?.querySelector("[data-open]")?.focus();
  if (event.shiftKey) {
    if (!item.hasAttribute("data-movable")) return;
    const name = item.dataset.item;
    const keep = new MutationObserver(() => {
      if (document.activeElement === document.body) focus(root.querySelector(`[data-item="${name}"]:not(.leave)`));
    });
    keep.observe(root, { childList: true, subtree: true });
    setTimeout(() => keep.disconnect(), 1500);
    return say({ does: "step", item: name, x, y });
  }
  const zone = item.closest("[data-drop]");
  const inside = (z) => [...z.querySelectorAll(`[data-kind="${item.dataset.kind}"]:not(.leave)`)];
  const along = zone.dataset.axis === "x" ? x : y;
  if (along) {
    const line = inside(zone);
    return focus(line[line.indexOf(item) + along]);
  }
  const zones = [...root.querySelectorAll(`[data-drop][data-takes="${item.dataset.kind}"]`)];
  const across = zone.dataset.axis === "x" ? y : x;
  const at = item.getBoundingClientRect();
  for (let n = zones.indexOf(zone) + across; zones[n]; n += across) {
    const line = inside(zones[n]);
    if (!line.length) continue;
    const far = (one) => {
      const box = one.getBoundingClientRect();
      return zone.dataset.axis === "x" ? Math.abs(box.left - at.left) : Math.abs(box.top - at.top);
    };
    return focus(line.reduce((best, one) => (far(one) < far(best) ? one : best)));
  }
};
