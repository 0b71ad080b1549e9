// Controls in the fixed frame that do not lie wholly inside the window: nobody could reach them.
() => [...document.querySelectorAll('.bar a, .bar button, .bar summary, .bar time, .river a, .logo')]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }))
  .filter((e) => { const r = e.getBoundingClientRect(); return r.left < -1 || r.right > innerWidth + 1 || r.top < -1 || r.bottom > innerHeight + 1; })
  .map((e) => e.textContent.trim() || e.className)
