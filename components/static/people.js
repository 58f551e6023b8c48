// Arrows move the choice among the radio buttons of a group, as they do among those of the platform.
window.addEventListener("DOMContentLoaded", () => {
  window.starling.moveInChoice = (event) => {
    const all = [...event.currentTarget.querySelectorAll("[role=radio]")];
    const at = all.indexOf(event.target);
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    const next = all[(at + step + all.length) % all.length];
    next.focus();
    next.click();
  };
});
