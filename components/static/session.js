// Tells the server whether anybody looks at this tab: a member whose tabs are all hidden is shown as away.
document.addEventListener("visibilitychange", () => emitEvent("starling_visible", !document.hidden));
