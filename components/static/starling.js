// What the page knows without the server: the platform's modifier key, and whether the app can be reached.
(() => {
  if (/Mac|iPhone|iPad/.test(navigator.platform)) document.documentElement.classList.add("mac");

  const GRACE_MS = 700; // leaving a page also closes its socket; that is no outage
  const ATTEMPT_MS = 8000; // an attempt that goes nowhere is given up after this, and made again
  const link = new EventTarget();
  Object.assign(link, { state: "connecting", since: new Date().toISOString() });
  const become = (state) => {
    if (link.state === state) return;
    Object.assign(link, { state, since: new Date().toISOString() });
    link.dispatchEvent(new Event("change"));
  };
  // What was typed into a socket that was broken already reached nobody: what stands in the fields waits for the next one.
  const typed = new Set();
  addEventListener("input", ({ target }) => /^c\d+$/.test(target.id) && typed.add(target.id), true);
  const sayAgain = () => {
    for (const id of typed) {
      const field = document.getElementById(id) && getElement(id.slice(1));
      if (field && "inputValue" in field) field.$emit("update:value", field.inputValue);
    }
    typed.clear();
  };

  let pending;
  let known = false; // whether there was ever a socket
  const watch = () => {
    if (!window.socket) return setTimeout(watch, 20);
    const up = () => {
      clearTimeout(pending);
      window.socket.io.timeout(ATTEMPT_MS);
      known = true;
      become("live");
      link.dispatchEvent(new Event("up")); // with each new socket
    };
    const down = () => {
      clearTimeout(pending);
      pending = setTimeout(() => become("offline"), GRACE_MS);
    };
    const theirs = window.socket.listeners("connect_error");
    window.socket.off("connect_error");
    window.socket.on("connect", up);
    window.socket.on("disconnect", () => (sayAgain(), down()));
    window.socket.on("connect_error", (error) => {
      down();
      // NiceGUI loads the page anew after an attempt that went nowhere: while the network is away that would be the end of it.
      if (!known || error.message !== "timeout") for (const listener of theirs) listener(error);
    });
    if (window.socket.connected) up();
  };
  watch();
  link.retry = () => {
    window.socket.io.opts.query.next_message_id = window.nextMessageId; // what it has; NiceGUI only knows of its own attempts
    window.socket.disconnect().connect();
  };
  addEventListener("online", () => known && !window.socket.connected && link.retry());

  // What costs something is asked for once: by the first of two clicks, by a key when it goes down, and while nothing can be
  // sent by the first time for what stands in a form. It is sent later, and nobody who sees nothing happen pays twice.
  let asked = null;
  addEventListener("input", () => (asked = null), true);
  addEventListener("click", ({ target }) => target.closest?.(".btn--primary") || (asked = null), true);
  const once = (event) => {
    const form = event.target.closest("form") ?? event.target;
    const away = !window.socket.connected;
    if (event.repeat || event.detail > 1 || (away && asked === form)) return false;
    asked = form;
    if (away) link.dispatchEvent(new Event("waits"));
    return true;
  };

  // Keys are written "g s", "?", "Mod+K": a space separates what is pressed one after the other.
  const keycaps = (keys) => {
    const mac = document.documentElement.classList.contains("mac");
    return keys.split(" ").map((key) => key.replace(/^Mod\+/, mac ? "⌘" : "Ctrl ").replace(/^Shift\+/, "⇧"));
  };
  const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  // How the page scrolls by itself: not at all slowly for those who want no motion.
  const pace = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  window.starling = { link, once, keycaps, clock, pace };
})();
