// Lines that are sent with Enter, one after the other. See components/line.py.
(() => {
  const LATE_MS = 1000;
  const out = new Map(); // what the app has not taken yet, by number, in the order it was sent
  let count = 0;
  const waiting = (id) => [...out.values()].filter((line) => line.id === id);
  const mark = (id) => {
    const field = getElement(id)?.$refs.qRef?.$el;
    if (!field) return;
    const [first, ...more] = waiting(id);
    delete field.dataset.waits;
    if (first) field.dataset.waits = `${first.text}${more.length ? ` and ${more.length} more` : ""}`;
  };
  starling.lines = {
    send(id, event, say) {
      if (event.isComposing || event.repeat || event.detail > 1) return;
      const field = getElement(id);
      const text = (field.inputValue ?? "").trim();
      if (!text && waiting(id).length) return; // pressed twice
      field.inputValue = "";
      field.$refs.qRef.focus();
      const number = ++count;
      out.set(number, { id, text });
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
