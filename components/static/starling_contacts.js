// Named so that it is loaded after starling.js.
// What happens in the rows of contacts travels as one event: {contact, what, field, on}.
// A click or Enter opens a contact or a cell, a box picks; arrows go from cell to cell.
window.starling.contactRows = (event, say) => {
  const row = event.target.closest("[data-contact]");
  if (!row) return;
  const contact = row.dataset.contact;
  const box = event.target.closest("[data-pick]");
  if (event.type === "change") return box && say({ contact, what: "pick", on: box.checked });
  if (box || event.target.closest("input, textarea")) return;
  const cell = event.target.closest("[data-field]");
  const act = () => {
    event.preventDefault();
    if (cell) say({ contact, what: "edit", field: cell.dataset.field });
    else say({ contact, what: "open" });
  };
  if (event.type === "click") return cell || event.target.closest("[data-open]") ? act() : undefined;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" || event.key === "F2") return act();
  const stops = [...row.querySelectorAll("[data-stop]")];
  const at = stops.indexOf(event.target.closest("[data-stop]"));
  if (at < 0) return;
  const beside = { ArrowLeft: stops[at - 1], ArrowRight: stops[at + 1] }[event.key];
  const other = { ArrowUp: row.previousElementSibling, ArrowDown: row.nextElementSibling }[event.key];
  const next = beside ?? other?.querySelectorAll("[data-stop]")[at];
  if (!next) return;
  event.preventDefault();
  next.focus();
};

// Cards of the pipeline: dragged from stage to stage, or moved there by Shift and an arrow; arrows alone move the focus.
// Says {contact, stage} where one is let go, {contact, what: "open"} when it is clicked.
window.starling.contactCards = (event, say, movable) => {
  const FAR_PX = 6;
  const card = event.target.closest("[data-contact]");
  if (!card) return;
  const contact = card.dataset.contact;
  const board = event.currentTarget;
  const columns = [...board.querySelectorAll("[data-stage]")];
  const mine = card.closest("[data-stage]");
  if (event.type === "click") return say({ contact, what: "open" });
  if (event.type === "keydown") {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (way) {
      const to = columns[columns.indexOf(mine) + way];
      event.preventDefault();
      if (!to) return;
      if (event.shiftKey) {
        if (!movable) return;
        const keep = new MutationObserver(() => {
          const lost = document.activeElement === document.body || document.activeElement === card;
          if (lost) to.querySelector(`[data-contact="${contact}"]`)?.focus();
        });
        keep.observe(board, { childList: true, subtree: true });
        setTimeout(() => keep.disconnect(), 1500);
        return say({ contact, stage: to.dataset.stage });
      }
      const place = [...mine.querySelectorAll("[data-contact]")].indexOf(card);
      const cards = [...to.querySelectorAll("[data-contact]")];
      return cards[Math.min(place, cards.length - 1)]?.focus();
    }
    const beside = { ArrowUp: card.previousElementSibling, ArrowDown: card.nextElementSibling }[event.key];
    if (beside) event.preventDefault(), beside.focus();
    return;
  }
  if (!movable || event.button !== 0 || !event.isPrimary || event.pointerType === "touch") return;
  const from = [event.clientX, event.clientY];
  let ghost = null;
  let over = null;
  const move = (now) => {
    const [dx, dy] = [now.clientX - from[0], now.clientY - from[1]];
    if (!ghost) {
      if (Math.hypot(dx, dy) < FAR_PX) return;
      const box = card.getBoundingClientRect();
      ghost = card.cloneNode(true);
      ghost.removeAttribute("id");
      ghost.classList.add("contact-card--ghost");
      Object.assign(ghost.style, { left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px` });
      document.body.append(ghost);
      card.dataset.dragged = "";
    }
    ghost.style.translate = `${dx}px ${dy}px`;
    const next = document.elementFromPoint(now.clientX, now.clientY)?.closest("[data-stage]");
    if (next === over) return;
    delete over?.dataset.drop;
    over = next;
    if (over && over !== mine) over.dataset.drop = "";
  };
  const end = (drop) => {
    document.removeEventListener("pointermove", move);
    document.removeEventListener("pointerup", let_go);
    document.removeEventListener("pointercancel", stop);
    document.removeEventListener("keydown", escape, true);
    if (!ghost) return;
    ghost.remove();
    delete card.dataset.dragged;
    delete over?.dataset.drop;
    const swallow = (click) => click.stopImmediatePropagation(); // the click that ends a drag opens nothing
    card.addEventListener("click", swallow, { once: true, capture: true });
    setTimeout(() => card.removeEventListener("click", swallow, true), 50);
    if (drop && over && over !== mine) say({ contact, stage: over.dataset.stage });
  };
  const let_go = () => end(true);
  const stop = () => end(false);
  const escape = (key) => {
    if (key.key === "Escape") key.stopPropagation(), end(false);
  };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", let_go);
  document.addEventListener("pointercancel", stop);
  document.addEventListener("keydown", escape, true);
};
