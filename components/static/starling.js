// What the page knows without the server: the platform's modifier key, the time zone, and whether the app can be reached.
(() => {
  // With every request from the next on, so that pages come with the right times (components/time_zone.py).
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  document.cookie = `starling_zone=${timeZone};path=/;max-age=31536000;samesite=lax`;
  if (/Mac|iPhone|iPad/.test(navigator.platform)) document.documentElement.classList.add("mac");

  const GRACE_MS = 700; // leaving a page also closes its socket; that is no outage
  const ATTEMPT_MS = 8000; // an attempt that goes nowhere is given up after this, and made again
  const PATIENCE_MS = 5000; // by then what is said is confirmed, unless the socket is dead
  const LONGEST = 900_000; // what is longer NiceGUI may not send at all
  const link = new EventTarget();
  Object.assign(link, { state: "connecting", since: new Date().toISOString() });
  const become = (state) => {
    if (link.state === state) return;
    Object.assign(link, { state, since: new Date().toISOString() });
    link.dispatchEvent(new Event("change"));
  };
  // What is said into a socket that is dead already reaches nobody. So all that nobody confirmed is said again with the next
  // one (components/said_once.py hears each number once), and a socket on which nobody confirms is taken for dead.
  const unheard = new Map(); // by number
  let last = 0;
  let doubts = 0;
  let doubting;
  link.patienceMs = PATIENCE_MS;
  const wait = () => {
    clearTimeout(doubting);
    if (!unheard.size || !window.socket.connected) return;
    const ms = link.patienceMs * 2 ** doubts; // it may be the server that is busy, or the line that is thin
    doubting = setTimeout(() => (doubts++, link.retry()), ms);
  };
  const confirmed = (socket) => {
    const emit = socket.emit.bind(socket);
    const say = (message) => {
      const number = message.said[1];
      unheard.set(number, message);
      emit("event", message, () => {
        unheard.delete(number);
        doubts = 0;
        wait();
      });
    };
    socket.emit = (name, message, ...more) => {
      if (name !== "event" || JSON.stringify(message).length > LONGEST) return emit(name, message, ...more);
      say({ ...message, said: [window.documentId, ++last] });
      if (unheard.size === 1) wait();
      return socket;
    };
    socket.on("connect", wait);
    socket.on("disconnect", () => {
      socket.sendBuffer = socket.sendBuffer.filter(({ data }) => !data[1]?.said); // behind what is older
      unheard.forEach(say);
    });
  };

  let pending;
  let known = false; // whether there was ever a socket
  const watch = () => {
    if (!window.socket) return setTimeout(watch, 20);
    confirmed(window.socket);
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
    window.socket.on("disconnect", down);
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

  // What costs something is asked for once: by the first of two clicks, by a key when it goes down, and while nothing is
  // confirmed by the first time for what stands in a form. It is sent later, and nobody who sees nothing happen pays twice.
  let asked = null;
  addEventListener("input", () => (asked = null), true);
  addEventListener("click", ({ target }) => target.closest?.(".btn--primary") || (asked = null), true);
  const once = (event) => {
    const form = event.target.closest("form") ?? event.target;
    const away = !window.socket.connected || unheard.size > 0;
    if (event.repeat || event.detail > 1 || (away && asked === form)) return false;
    asked = form;
    if (!window.socket.connected) link.dispatchEvent(new Event("waits"));
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
  // Browsers have a clipboard at safe addresses alone; elsewhere what is selected is copied.
  const copy = (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const focused = document.activeElement;
    const area = Object.assign(document.createElement("textarea"), { value: text });
    (focused?.parentElement ?? document.body).append(area); // a dialog keeps the focus within
    area.select();
    document.execCommand("copy");
    area.remove();
    focused?.focus();
  };
  window.starling = { link, once, keycaps, clock, pace, copy };
})();
