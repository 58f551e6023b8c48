// Cards of the dashboard: dragged by their grips, or moved with the arrow keys. The server is told where one was let go.
window.starlingCards = {};

window.starlingCards.drag = (event, say) => {
  const FAR_PX = 5;
  const grip = event.target.closest(".dash-card__grip");
  const card = grip?.closest(".dash-card");
  if (!card || event.button !== 0 || !event.isPrimary) return;
  event.preventDefault();
  grip.focus();
  const grid = card.parentElement;
  const from = { x: event.clientX, y: event.clientY + window.scrollY };
  let dragging = false;
  let target = null;
  let after = false;

  const clear = () => target && delete target.dataset.drop;
  const move = (now) => {
    const [x, y] = [now.clientX - from.x, now.clientY + window.scrollY - from.y];
    if (!dragging && Math.hypot(x, y) < FAR_PX) return;
    dragging = true;
    card.dataset.dragged = "";
    card.style.translate = `${x}px ${y}px`;
    if (now.clientY < 60) window.scrollBy(0, -12);
    if (now.clientY > window.innerHeight - 60) window.scrollBy(0, 12);
    clear();
    target = document.elementFromPoint(now.clientX, now.clientY)?.closest(".dash-card") ?? null;
    if (target === card || target?.parentElement !== grid) target = null;
    if (!target) return;
    const box = target.getBoundingClientRect();
    const alone = box.width > grid.clientWidth * 0.9;
    after = alone ? now.clientY > box.top + box.height / 2 : now.clientX > box.left + box.width / 2;
    target.dataset.drop = `${after ? "after" : "before"}${alone ? "-row" : ""}`;
  };
  const end = (dropped) => {
    grip.removeEventListener("pointermove", move);
    grip.removeEventListener("pointerup", drop);
    grip.removeEventListener("pointercancel", stop);
    document.removeEventListener("keydown", escape, true);
    clear();
    delete card.dataset.dragged;
    card.style.translate = "";
    if (!dropped || !dragging || !target) return;
    let before = target;
    if (after) {
      do before = before.nextElementSibling;
      while (before && (before === card || before.classList.contains("hidden")));
    }
    say({ card: card.dataset.card, before: before?.dataset.card ?? null });
  };
  const drop = () => end(true);
  const stop = () => end(false);
  const escape = (key) => key.key === "Escape" && end(false);
  grip.setPointerCapture(event.pointerId);
  grip.addEventListener("pointermove", move);
  grip.addEventListener("pointerup", drop);
  grip.addEventListener("pointercancel", stop);
  document.addEventListener("keydown", escape, true);
};

window.starlingCards.step = (event, say) => {
  const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -1000, End: 1000 };
  const grip = event.target.closest(".dash-card__grip");
  if (!grip || !(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  event.preventDefault();
  const grid = event.currentTarget;
  const card = grip.closest(".dash-card").dataset.card;
  const keep = new MutationObserver(() => {
    if (document.activeElement === document.body) grid.querySelector(`[data-card="${card}"] .dash-card__grip`)?.focus();
  });
  keep.observe(grid, { childList: true });
  setTimeout(() => keep.disconnect(), 1500);
  say({ card, by: steps[event.key] });
};
