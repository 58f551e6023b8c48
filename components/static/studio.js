// Arrows move the focus over the tiles of a grid, as one sees them; Home and End go to its ends.
window.starling.moveInGrid = (event) => {
  const grid = event.currentTarget;
  const tiles = [...grid.querySelectorAll(".tile__open")];
  const at = tiles.indexOf(event.target);
  if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -at, End: tiles.length - 1 - at };
  if (!(event.key in steps)) return;
  event.preventDefault();
  tiles[at + steps[event.key]]?.focus();
};

// Says "previous" or "next" when a finger swipes sideways over an element.
window.starling.swipe = (event, say) => {
  const FAR_PX = 48;
  const touch = event.changedTouches[0];
  const element = event.currentTarget;
  if (event.type === "touchstart") {
    element.swipeFrom = event.touches.length === 1 ? [touch.clientX, touch.clientY] : null;
    return;
  }
  if (!element.swipeFrom) return;
  const [dx, dy] = [touch.clientX - element.swipeFrom[0], touch.clientY - element.swipeFrom[1]];
  element.swipeFrom = null;
  if (Math.abs(dx) > FAR_PX && Math.abs(dx) > 2 * Math.abs(dy)) say(dx < 0 ? "next" : "previous");
};
