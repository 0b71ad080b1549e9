// Text whose contrast against the ground it stands on is below 4.5 : 1 (WCAG 2 AA).
() => {
  const light = (c) => c.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const rgb = (text) => text.match(/[\d.]+/g).slice(0, 3).map(Number);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/^rgba.*, 0\)$|transparent/.test(c)) return c; } };
  return [...document.querySelectorAll('.level, .disc:not(.dot), .muted, .unit, h1, a, button, th, .clock .state, .tag')]
    .filter((e) => e.checkVisibility({ visibilityProperty: true }) && e.textContent.trim() && !e.closest('.maplibregl-control-container'))
    .map((e) => {
      const [a, b] = [rgb(getComputedStyle(e).color), rgb(ground(e))].map(light).sort((x, y) => y - x);
      return [`${e.className || e.tagName}: ${e.textContent.trim().slice(0, 20)}`, (a + 0.05) / (b + 0.05)];
    }).filter(([, ratio]) => ratio < 4.5);
}
