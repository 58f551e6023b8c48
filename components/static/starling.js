// What the page knows without the server: the platform's modifier key, and whether the app can be reached.
(() => {
  if (/Mac|iPhone|iPad/.test(navigator.platform)) document.documentElement.classList.add("mac");

  const GRACE_MS = 700; // leaving a page also closes its socket; that is no outage
  const link = new EventTarget();
  Object.assign(link, { state: "connecting", since: new Date().toISOString() });
  const become = (state) => {
    if (link.state === state) return;
    Object.assign(link, { state, since: new Date().toISOString() });
    link.dispatchEvent(new Event("change"));
  };
  let pending;
  const watch = () => {
    if (!window.socket) return setTimeout(watch, 20);
    const up = () => (clearTimeout(pending), become("live"), link.dispatchEvent(new Event("up"))); // with each new socket
    const down = () => {
      clearTimeout(pending);
      pending = setTimeout(() => become("offline"), GRACE_MS);
    };
    window.socket.on("connect", up);
    window.socket.on("disconnect", down);
    window.socket.on("connect_error", down);
    if (window.socket.connected) up();
  };
  watch();
  link.retry = () => window.socket.disconnect().connect();

  // Keys are written "g s", "?", "Mod+K": a space separates what is pressed one after the other.
  const keycaps = (keys) => {
    const mac = document.documentElement.classList.contains("mac");
    return keys.split(" ").map((key) => key.replace(/^Mod\+/, mac ? "⌘" : "Ctrl ").replace(/^Shift\+/, "⇧"));
  };
  const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  window.starling = { link, keycaps, clock };
})();
