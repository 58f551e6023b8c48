// The browser's own notifications: on when the person has said so in this browser, shown while the page is hidden.
(() => {
  const CHOICE = "starling-telling"; // "on" or "off", in this browser
  const HELD_MS = 3000; // how long the tab that shows one keeps the others from it
  const telling = {
    // "unavailable", "blocked", "off" or "on". On Android only a service worker may show one, and there is none.
    state() {
      if (!("Notification" in window) || !navigator.locks || /Android/.test(navigator.userAgent)) return "unavailable";
      if (Notification.permission === "denied") return "blocked";
      return Notification.permission === "granted" && localStorage.getItem(CHOICE) === "on" ? "on" : "off";
    },
    // Asked for by a click alone: browsers refuse anything else, and so would people.
    async turn(on) {
      if (on && telling.state() !== "unavailable") await Notification.requestPermission();
      localStorage.setItem(CHOICE, on ? "on" : "off");
      return telling.state();
    },
    show({ id, key, title, body }) {
      if (!document.hidden || telling.state() !== "on") return;
      navigator.locks.request(`told ${key}`, { ifAvailable: true }, async (lock) => {
        if (!lock) return; // another tab has it
        const shown = new Notification(title, { body, tag: id });
        shown.onclick = () => {
          window.focus();
          emitEvent("starling_told", id);
          shown.close();
        };
        await new Promise((done) => setTimeout(done, HELD_MS));
      });
    },
  };
  window.starling.telling = telling;
})();
