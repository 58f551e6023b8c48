// Lines that are sent with Enter, one after the other. See components/line.py.
(() => {
  const LATE_MS = 1000;
  const out = new Map(); // what the app has not taken yet, by number, in the order it was sent
  const SHELF = "starling-lines";
  let count = 0;
  const waiting = (id) => [...out.values()].filter((line) => line.id === id);
  const mark = (id) => {
    const field = getElement(id)?.$refs.qRef?.$el;
    if (!field) return;
    const [first, ...more] = waiting(id);
    delete field.dataset.waits;
    if (first) field.dataset.waits = `${first.text}${more.length ? ` and ${more.length} more` : ""}`;
  };
  // A page that was away for too long is loaded anew, and nobody knows whether this was taken before: it stands in its field
  // again, one after the other, for whoever sent it to decide.
  const place = (input) => `${location.pathname}${location.search} ${input.ariaLabel || input.placeholder}`;
  const left = JSON.parse(sessionStorage.getItem(SHELF) ?? "[]");
  sessionStorage.removeItem(SHELF);
  addEventListener("pagehide", () => {
    const late = [...out.values()].filter(({ since }) => Date.now() - since > LATE_MS);
    if (late.length || left.length) sessionStorage.setItem(SHELF, JSON.stringify([...late, ...left]));
  });
  const putBack = () => {
    for (const input of left.length ? document.querySelectorAll("input, textarea") : []) {
      const at = input.value ? -1 : left.findIndex((line) => line.place === place(input));
      if (at < 0) continue;
      input.value = left.splice(at, 1)[0].text;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };
  const looking = left.length && setInterval(putBack, LATE_MS);
  setTimeout(() => clearInterval(looking), 60 * LATE_MS);

  starling.lines = {
    send(id, event, say) {
      if (event.isComposing || event.repeat || event.detail > 1) return;
      const field = getElement(id);
      const text = (field.inputValue ?? "").trim();
      if (!text && waiting(id).length) return; // pressed twice
      field.inputValue = "";
      field.$refs.qRef.focus();
      const number = ++count;
      out.set(number, { id, text, since: Date.now(), place: place(field.$refs.qRef.nativeEl) });
      say({ number, text });
      setTimeout(() => out.has(number) && mark(id), LATE_MS);
    },
    took(number) {
      const line = out.get(number);
      out.delete(number);
      if (line) mark(line.id);
    },
  };
})();
