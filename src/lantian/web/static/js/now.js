// The map of now: the server writes discs into #now-discs, also after an item was chosen or the clock moved on; a click fills the panel.
import { awaken } from "./map.js";

const ground = document.querySelector("#now-map");
const panel = document.querySelector("#now-panel");

async function choose(key) {
  const answer = await fetch(`/now/place/${encodeURIComponent(key)}`);
  if (!answer.ok) return;
  panel.innerHTML = await answer.text();
  panel.dataset.place = key;
  mark();
}

const mark = () => {
  for (const disc of ground.querySelectorAll(".disc")) disc.classList.toggle("chosen", disc.dataset.key === panel.dataset.place);
};

function show() {
  const discs = JSON.parse(document.querySelector("#now-discs").textContent);
  ground.map.setDiscs(discs.map((disc) => ({ ...disc, select: () => choose(disc.key) })));
  mark();
}

function look(link) {
  ground.map.map.fitBounds(JSON.parse(ground.querySelector("script").textContent).views[link.dataset.view], { padding: 40, duration: 400 });
  for (const other of document.querySelectorAll("#now-views a")) {
    if (other === link) other.setAttribute("aria-current", "true");
    else other.removeAttribute("aria-current");
  }
  history.replaceState(history.state, "", link.href);
}

if (ground) {
  await awaken(ground);
  show();
  document.addEventListener("htmx:after:swap", () => {
    show();
    choose(panel.dataset.place);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#now-views a");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    look(link);
  });
}
