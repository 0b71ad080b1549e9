// What is tapped on a page and is smaller than a thumb needs (44 px). What is hidden behind a label, or lies in one, is tapped by it.
() => [...document.querySelectorAll('#page a, #page button, #page input:not([type=hidden]), #page select, #page textarea, #page summary, #page label.tick, #page label.button')]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.matches('.visually-hidden, .tick input') && !e.closest('.map, .tabs, [hidden]'))
  .map((e) => [`${e.tagName}:${(e.textContent.trim() || e.name || '').slice(0, 20)}`, e.getBoundingClientRect()])
  .filter(([, r]) => r.height < 44 || r.width < 44)
  .map(([name, r]) => `${name} ${Math.round(r.width)}x${Math.round(r.height)}`)
