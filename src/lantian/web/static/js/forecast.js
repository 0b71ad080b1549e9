// The map of the forecast: frames hour after hour under the stations' discs, wind arrows over them, a player, and the forecast of any point on a click.
// The server writes which run and item are shown into #forecast-source, also after a choice or when the clock moved on; this follows.
import * as maplibre from "../vendor/maplibre-gl.mjs";
import { token } from "./app.js";
import { frameLayer } from "./frames.js";
import { awaken } from "./map.js";

const HOURS_A_SECOND = 6;
const OPACITY = 0.7;
const WIND_STEP = 0.25;
const ground = document.querySelector("#forecast-map");
const player = document.querySelector("#forecast-player");
const button = document.querySelector("#forecast-play");
const slider = document.querySelector("#forecast-hour");
const when = document.querySelector("#forecast-when");
const chinese = document.documentElement.lang.startsWith("zh");

let map, spec, source, layer, wind, arrows;
let position = 0;
let shown = -1;
let playing = false;

const bytesOf = async (url) => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
};

const day = new Intl.DateTimeFormat(chinese ? "zh-CN" : "en-GB", { timeZone: "Asia/Shanghai", month: chinese ? "long" : "short", day: "numeric", weekday: "short" });
const clock = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** An hour in words: 12月18日周日 09:00–10:00, hour 37 after the issue. */
function words(index) {
  const start = new Date(spec.times[index]);
  const lead = Math.round((start - new Date(spec.issue)) / 3_600_000);
  const after = lead < 1 ? player.dataset.wordBefore : player.dataset.wordLead.replace("{n}", lead);
  const beyond = spec.frames && frameAt(index) === null ? ` · ${player.dataset.wordBeyond}` : "";
  return `${day.format(start)} ${clock.format(start)}–${clock.format(new Date(+start + 3_600_000))} · ${after}${beyond}`;
}

/** The place of an hour among the frames; null outside them. */
function frameAt(at) {
  const frame = spec.frames ? at - spec.frames.first : -1;
  return frame >= 0 && frame <= spec.frames.count - 1 ? frame : null;
}

function discs(index) {
  const named = (disc) => `${disc.name} ${disc.values[index] ?? "–"} ${spec.unit}`;
  return spec.discs.map((disc) => ({ ...disc, value: disc.values[index], level: disc.levels[index], title: named(disc), small: Boolean(spec.frames), select: () => open([disc.lon, disc.lat], `place=${encodeURIComponent(disc.key)}`) }));
}

/** The discs of another hour: the same elements with other numbers, as making them anew sixty times would stutter. */
function fill(index) {
  for (const disc of spec.discs) {
    const element = ground.querySelector(`.disc[data-key="${CSS.escape(disc.key)}"]`);
    if (!element) continue;
    const [value, level] = [disc.values[index], disc.levels[index]];
    element.textContent = value ?? "–";
    element.title = `${disc.name} ${value ?? "–"} ${spec.unit}`;
    element.setAttribute("aria-label", element.title);
    element.classList.toggle("none", !level);
    if (level) element.dataset.level = level;
    else delete element.dataset.level;
  }
}

function show(at) {
  position = Math.max(0, Math.min(at, spec.times.length - 1));
  const index = Math.round(position);
  if (layer) {
    layer.position = frameAt(position);
    map.triggerRepaint();
  }
  if (index === shown) return;
  shown = index;
  fill(index);
  slider.value = index;
  when.textContent = words(index);
  slider.setAttribute("aria-valuetext", when.textContent);
  player.dataset.shown = index;
  blow();
}

function play(on) {
  playing = on;
  button.setAttribute("aria-pressed", `${on}`);
  button.textContent = on ? `‖ ${player.dataset.wordPause}` : `▶ ${player.dataset.wordPlay}`;
  if (!on) return show(Math.round(position));
  if (position >= spec.times.length - 1) position = 0;
  let last = performance.now();
  const step = (now) => {
    if (!playing) return;
    show(position + ((now - last) / 1000) * HOURS_A_SECOND);
    last = now;
    if (position >= spec.times.length - 1) return play(false);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

/** Wind arrows on a canvas of their own between the map and its discs: where the air goes, longer where it is faster. */
function blow() {
  const ratio = devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = map.getCanvas();
  if (arrows.width !== width * ratio || arrows.height !== height * ratio) [arrows.width, arrows.height] = [width * ratio, height * ratio];
  const pen = arrows.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const frame = frameAt(shown);
  if (!wind || frame === null) return;
  const { lon, lat } = spec.frames.wind;
  const places = lon.map((east, i) => map.project([east, lat[i]]));
  const gap = Math.hypot(places[1].x - places[0].x, places[1].y - places[0].y);
  const every = Math.max(1, Math.ceil(26 / gap));
  const across = lon.findIndex((_, i) => i > 0 && Math.hypot(places[i].x - places[i - 1].x, places[i].y - places[i - 1].y) > 3 * gap);
  const strokes = new Path2D();
  places.forEach(({ x, y }, i) => {
    const row = across > 0 ? Math.floor(i / across) : 0;
    const column = across > 0 ? i % across : i;
    if (row % every || column % every || x < 0 || y < 0 || x > width || y > height) return;
    const [east, north] = [0, 1].map((part) => wind[(frame * lon.length + i) * 2 + part] * WIND_STEP);
    const speed = Math.hypot(east, north);
    if (speed < 0.3) return strokes.moveTo(x + 1.5, y), strokes.arc(x, y, 1.5, 0, 2 * Math.PI);
    const length = Math.min(8 + 2.2 * speed, 26) / speed;
    const [dx, dy] = [east * length, -north * length];
    const [tx, ty] = [x + dx / 2, y + dy / 2];
    strokes.moveTo(x - dx / 2, y - dy / 2);
    strokes.lineTo(tx, ty);
    for (const turn of [2.6, -2.6]) {
      const angle = Math.atan2(dy, dx) + turn;
      strokes.moveTo(tx, ty);
      strokes.lineTo(tx + 5 * Math.cos(angle), ty + 5 * Math.sin(angle));
    }
  });
  for (const [colour, thick] of [[token("sheet"), 3], [token("ink"), 1.3]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = thick;
    pen.globalAlpha = thick > 2 ? 0.6 : 0.9;
    pen.stroke(strokes);
  }
}

async function open(place, asked) {
  const popup = new maplibre.Popup({ offset: 14, maxWidth: "20rem" }).setLngLat(place).addTo(map);
  const answer = await fetch(`${ground.dataset.point}&${asked}`);
  const box = document.createElement("div");
  box.innerHTML = await answer.text();
  popup.setDOMContent(box);
  // A low map would cut it off: the map makes room.
  const [inner, outer] = [popup.getElement().getBoundingClientRect(), ground.getBoundingClientRect()];
  const room = (low, high, first, last) => (high > last - 24 ? high - last + 24 : low < first + 8 ? low - first - 8 : 0);
  map.panBy([room(inner.left, inner.right, outer.left, outer.right), room(inner.top, inner.bottom, outer.top, outer.bottom)], { duration: 200 });
}

function legend() {
  const ends = spec.ends;
  for (const element of document.querySelectorAll("[data-end]")) {
    const number = Number(element.dataset.end);
    element.textContent = number < 6 ? `≤${ends[number - 1]}` : `>${ends[4]}`;
  }
  const text = document.querySelector("#forecast-legend-words");
  const item = document.querySelector(".forecast-choices .segments a[aria-current]")?.textContent ?? "";
  text.textContent = spec.item === "aqi" ? text.dataset.aqi : text.dataset.item.replace("{item}", `${item} ${spec.unit}`);
}

/** Take up what the server says is shown: another run or item. */
async function load() {
  const asked = JSON.parse(document.querySelector("#forecast-source").textContent);
  if (asked === source) return;
  source = asked;
  const answer = await fetch(asked, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${asked}: ${answer.status}`);
  const fresh = await answer.json();
  const kept = spec && spec.issue === fresh.issue ? shown : -1;
  const bytes = fresh.frames && (await bytesOf(fresh.frames.url));
  wind = fresh.frames?.wind ? new Int8Array((await bytesOf(fresh.frames.wind.url)).buffer) : null;
  spec = fresh;
  if (layer) map.removeLayer("frames");
  layer = bytes && frameLayer(spec.frames, bytes, OPACITY);
  if (layer) map.addLayer(layer, map.getLayer("outlines") ? "outlines" : undefined);
  shown = -1;
  player.hidden = !spec.times.length;
  slider.max = Math.max(spec.times.length - 1, 0);
  // It opens at the hour of the clock, else at the first.
  const hour = spec.times.findLastIndex((time) => new Date(time) <= new Date(spec.now));
  const first = kept >= 0 ? kept : Math.max(hour, 0);
  ground.map.setDiscs(discs(first));
  if (spec.times.length) show(first);
  legend();
  player.dataset.frames = spec.frames ? spec.frames.count : 0;
}

if (ground) {
  await awaken(ground);
  map = ground.map.map;
  arrows = Object.assign(document.createElement("canvas"), { className: "arrows" });
  map.getCanvasContainer().prepend(arrows);
  map.getCanvas().after(arrows);
  if (!map.isStyleLoaded()) await map.once("styledata");
  await load();
  map.on("move", blow);
  map.on("resize", blow);
  map.on("click", ({ lngLat }) => open(lngLat, `lon=${lngLat.lng.toFixed(4)}&lat=${lngLat.lat.toFixed(4)}`));
  button.addEventListener("click", () => play(!playing));
  slider.addEventListener("input", () => {
    if (playing) play(false);
    show(Number(slider.value));
  });
  document.querySelector(".forecast-map-part").addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target.closest("button, a")) return;
    event.preventDefault();
    play(!playing);
  });
  document.addEventListener("htmx:after:swap", load);
  document.addEventListener("change", (event) => event.target.closest("#forecast-form")?.requestSubmit());
}
