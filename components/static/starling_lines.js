// Lines that are sent with Enter, one after the other, and names that are offered while one is written. See components/line.py.
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

  const WRITING = /(^|\s)@([^\s@]*)$/;
  starling.names = {
    take(id, name) {
      const field = getElement(id);
      field.inputValue = (field.inputValue ?? "").replace(WRITING, (_, before) => `${before}@${name} `);
      field.$refs.qRef.focus();
    },
    // Arrows choose among the options of `list`, Enter and Tab take one, Esc closes no more than that; Ctrl and Enter send.
    press(id, event, list, close) {
      const typed = (getElement(id).inputValue ?? "").match(WRITING)?.[2].toLowerCase();
      if (!list || typed === undefined) return; // or it is written already, and the list about to go
      // What was typed since the app drew the list does not take somebody whom it does not name.
      const options = [...list.querySelectorAll("[role=option]")].filter((option) => option.textContent.toLowerCase().includes(typed));
      const at = Math.max(0, options.findIndex((option) => option.ariaSelected === "true"));
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const takes = event.key === "Enter" || event.key === "Tab";
      if (!options.length || !(step || takes || event.key === "Escape")) return;
      if (event.shiftKey || event.metaKey || event.ctrlKey || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      if (takes) starling.names.take(id, options[at].dataset.name);
      else if (!step) close();
      else {
        const next = (at + step + options.length) % options.length;
        options.forEach((option, place) => (option.ariaSelected = String(place === next)));
      }
    },
  };
})();
