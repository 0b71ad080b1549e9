// Rectangles of everything that can be read or clicked, cut to what its scrolling ancestors let be seen, and which of them overlap.
// What floats (bar, river) may lie over the page that scrolls under it, so the two layers are judged apart.
() => {
  const chrome = (e) => e.closest('.bar, .river, .logo') !== null;
  const seen = (element) => {
    let { left, top, right, bottom } = element.getBoundingClientRect();
    for (let e = element.parentElement; e; e = e.parentElement) {
      if (getComputedStyle(e).overflow === 'visible') continue;
      const box = e.getBoundingClientRect();
      [left, top, right, bottom] = [Math.max(left, box.left), Math.max(top, box.top), Math.min(right, box.right), Math.min(bottom, box.bottom)];
    }
    return { left, top, right, bottom };
  };
  const parts = [...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary, h1, h2, h3, label, p, td, th, time, .level, .place, .state, .word')]
    .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.map .ground, .skip, [hidden]') && !e.matches('.skip'))
    .map((element) => ({ element, ...seen(element) }))
    .filter((p) => p.right - p.left > 1 && p.bottom - p.top > 1);
  const found = [];
  for (let i = 0; i < parts.length; i++) for (let j = i + 1; j < parts.length; j++) {
    const [a, b] = [parts[i], parts[j]];
    if (Math.min(a.right, b.right) - Math.max(a.left, b.left) <= 2 || Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) <= 2) continue;
    if (a.element.contains(b.element) || b.element.contains(a.element) || chrome(a.element) !== chrome(b.element)) continue;
    if (a.element.closest('thead') || b.element.closest('thead')) continue;
    found.push([a, b].map((p) => `${p.element.tagName}:${p.element.textContent.trim().slice(0, 30)}`).join(' over '));
  }
  return found;
}
