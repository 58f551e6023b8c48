"""Which rows of a page were touched: what did not change must neither be made anew, nor moved, nor written to."""

from __future__ import annotations

from playwright.async_api import Page

WATCH = """
() => {
  const regions = [...document.querySelectorAll('[role=region][aria-label=Queue], [role=region][aria-label=Gallery]')];
  const row = node => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest('li');
  const name = li => (li.querySelector('.job__prompt, .tile__caption')?.textContent ?? '?').trim();
  const names = new Map(regions.flatMap(region => [...region.querySelectorAll('li')].map(li => [li, name(li)])));
  window.touched = [];
  const touch = (li, what) => window.touched.push([names.get(li) ?? name(li), what]);
  const look = records => {
    for (const {type, target, attributeName, addedNodes, removedNodes} of records) {
      if (target.nodeName === 'IMG' && attributeName === 'class') continue; // it has loaded
      const li = row(target);
      if (li) touch(li, attributeName ?? type);
      for (const node of addedNodes) if (node.nodeName === 'LI') touch(node, 'added');
      for (const node of removedNodes) if (node.nodeName === 'LI') touch(node, 'removed');
    }
  };
  const everything = {subtree: true, childList: true, characterData: true, attributes: true};
  for (const region of regions) new MutationObserver(look).observe(region, everything);
}
"""


async def watch(page: Page) -> None:
    """From now on what happens to the jobs and pictures of a studio is noted."""
    await page.wait_for_function("document.querySelectorAll('.tile img:not([src])').length === 0")
    await page.evaluate(WATCH)


async def touched(page: Page) -> dict[str, set[str]]:
    """By prompt: what was done to the row since `watch`."""
    found: dict[str, set[str]] = {}
    for prompt, what in await page.evaluate("window.touched"):
        found.setdefault(prompt, set()).add(what)
    return found
