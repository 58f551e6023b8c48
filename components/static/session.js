// Tells the server whether anybody looks at this tab, and whether there was input in it lately: a member whose tabs are
// all hidden or idle is shown as away. Only what changed is told, and all of it again after each reconnect. That one leaves
// is told as well: a page that was cut off is kept for its browser, one that was left is not.
(() => {
  const attendance = (window.attendance = { idleMs: 5 * 60_000 }); // without input: then one is away
  let told = {};
  let last = Date.now();
  let pointer = "";
  let timer;
  let left = false; // a page one goes on from is hidden as well, and nobody is away because of that

  const tell = () => {
    if (left) return;
    const active = Date.now() - last < attendance.idleMs;
    clearTimeout(timer);
    // One timer, not one per keystroke: when it is due it looks when the last input was.
    if (active) timer = setTimeout(tell, last + attendance.idleMs - Date.now() + 1);
    if (window.starling?.link.state !== "live") return; // told when it is
    for (const [event, value] of [["starling_visible", !document.hidden], ["starling_active", active]]) {
      if (told[event] === value) continue;
      told[event] = value;
      emitEvent(event, value);
    }
  };
  const input = (event) => {
    if (event.type === "pointermove") {
      const place = `${event.screenX} ${event.screenY}`; // what moves under a pointer that rests is no input
      if (place === pointer) return;
      pointer = place;
    }
    last = Date.now();
    if (told.starling_active === false) tell();
  };

  // "wheel" and "touchmove" for scrolling: the page scrolls by itself, too.
  for (const event of ["pointermove", "pointerdown", "keydown", "wheel", "touchstart", "touchmove"])
    addEventListener(event, input, { passive: true, capture: true });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) last = Date.now(); // somebody has turned to it
    tell();
  });
  addEventListener("pageshow", () => (left = false));
  addEventListener("pagehide", (event) => {
    left = true;
    if (!event.persisted && window.starling.link.state === "live") emitEvent("starling_left", true);
  });
  document.addEventListener("DOMContentLoaded", () => {
    window.starling.link.addEventListener("change", () => {
      told = {};
      tell();
    });
    tell();
  });
})();
