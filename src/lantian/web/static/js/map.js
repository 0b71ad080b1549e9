// MapLibre with no outside tile, glyph or sprite: outlines from GeoJSON, terrain shade as one picture, stations as HTML discs with the number inside.
// <div class="map" data-map="now"><script type="application/json">SPEC</script></div>, or data-src for the same SPEC:
//   { bounds: [west, south, east, north], outlines: url | GeoJSON | list of them, the first drawn strongest; shade: { url, bbox }, raster: { url, bbox, words }, approval: "GS(...)..." or caption: the whole line,
//     discs: [{ lon, lat, value, level, title, lines: [..], href, detail: url of an HTML fragment, small, square, key, from: zoom, to: zoom, select: function in place of the card }] }
import * as maplibre from "../vendor/maplibre-gl.mjs";
import { specOf, token, word } from "./app.js";

const corners = ([west, south, east, north]) => [[west, north], [east, north], [east, south], [west, south]];

function styleOf(spec) {
  const sources = {};
  const layers = [{ id: "paper", type: "background", paint: { "background-color": token("sunken") } }];
  if (spec.shade) {
    sources.shade = { type: "image", url: spec.shade.url, coordinates: corners(spec.shade.bbox) };
    layers.push({ id: "shade", type: "raster", source: "shade", paint: { "raster-opacity": 0.55, "raster-fade-duration": 0 } });
  }
  if (spec.raster) {
    sources.raster = { type: "image", url: spec.raster.url, coordinates: corners(spec.raster.bbox) };
    layers.push({ id: "raster", type: "raster", source: "raster", paint: { "raster-opacity": 0.65, "raster-fade-duration": 0 } });
  }
  [spec.outlines ?? []].flat().forEach((data, order) => {
    const id = order ? `outlines-${order}` : "outlines";
    sources[id] = { type: "geojson", data: typeof data === "string" ? new URL(data, location.href).href : data };
    const width = order ? [4, 0.2, 10, 1] : [4, 0.7, 10, 1.8];
    layers.push({ id, type: "line", source: id, paint: { "line-color": token(order ? "ink-3" : "ink-2"), "line-width": ["interpolate", ["linear"], ["zoom"], ...width] } });
  });
  return { version: 8, sources, layers };
}

function discOf(map, disc) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = `disc${disc.small ? " small" : ""}${disc.square ? " square" : ""}${disc.level ? "" : " none"}`;
  if (disc.level) element.dataset.level = disc.level;
  if (disc.key) element.dataset.key = disc.key;
  element.textContent = disc.value ?? "–";
  element.title = disc.title;
  element.setAttribute("aria-label", [disc.title, disc.value ?? word("Missing"), ...(disc.lines ?? [])].join(", "));
  element.addEventListener("click", async (event) => {
    event.stopPropagation();
    if (disc.select) return disc.select();
    const popup = new maplibre.Popup({ offset: 18, maxWidth: "20rem" }).setLngLat([disc.lon, disc.lat]).setDOMContent(cardOf(disc)).addTo(map);
    if (disc.detail) {
      const answer = await fetch(disc.detail);
      const box = document.createElement("div");
      box.innerHTML = await answer.text();
      popup.setDOMContent(box);
    }
  });
  return new maplibre.Marker({ element }).setLngLat([disc.lon, disc.lat]);
}

function cardOf(disc) {
  const card = document.createElement("div");
  const title = Object.assign(document.createElement(disc.href ? "a" : "b"), { textContent: disc.title });
  if (disc.href) title.href = disc.href;
  card.append(title, ...(disc.lines ?? []).map((line) => Object.assign(document.createElement("div"), { textContent: line })));
  return card;
}

/** Discs that would lie on one another give way, the worse level in front; a disc that gives way stays as a small one. */
function declutter(map, pairs) {
  const kept = [];
  const zoom = map.getZoom();
  for (const { disc, element } of pairs) {
    element.hidden = zoom < (disc.from ?? 0) || zoom >= (disc.to ?? 99);
    if (element.hidden) continue;
    const { x, y } = map.project([disc.lon, disc.lat]);
    const crowded = kept.some(([u, v]) => Math.abs(x - u) < 30 && Math.abs(y - v) < 28);
    element.classList.toggle("dot", crowded);
    if (!crowded) kept.push([x, y]);
  }
}

/** Draw a SPEC into an element; returns { map, setDiscs(discs) }. */
export function draw(element, spec) {
  const canvas = Object.assign(document.createElement("div"), { className: "ground" });
  element.prepend(canvas);
  // The zoom buttons stand at the right; on a phone they would cover a disc.
  const padding = { top: 28, bottom: 28, left: 28, right: canvas.clientWidth < 600 ? 64 : 28 };
  const map = new maplibre.Map({
    container: canvas, style: styleOf(spec), bounds: spec.bounds, fitBoundsOptions: { padding }, attributionControl: false,
    dragRotate: false, pitchWithRotate: false, maxZoom: 14, fadeDuration: 0, cooperativeGestures: false,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibre.ScaleControl({ unit: "metric" }), "bottom-left");
  const approval = Object.assign(document.createElement("div"), { className: "approval", textContent: spec.caption ? spec.caption : spec.approval ? `${word("Approval")} ${spec.approval}` : word("Noapproval") });
  element.append(approval);

  let markers = [];
  const setDiscs = (discs) => {
    markers.forEach((marker) => marker.remove());
    const sorted = [...discs].sort((a, b) => (b.level ?? 0) - (a.level ?? 0) || (b.value ?? 0) - (a.value ?? 0));
    const pairs = sorted.map((disc, rank) => {
      const marker = discOf(map, disc).addTo(map);
      marker.getElement().style.zIndex = sorted.length - rank;
      return { disc, marker, element: marker.getElement() };
    });
    markers = pairs.map(({ marker }) => marker);
    map.off("move", setDiscs.tidy);
    setDiscs.tidy = () => declutter(map, pairs);
    map.on("move", setDiscs.tidy);
    setDiscs.tidy();
  };
  setDiscs.tidy = () => {};
  setDiscs(spec.discs ?? []);
  map.once("idle", () => (element.dataset.ready = "yes"));
  return { map, setDiscs };
}

/** Bring one map to life. */
export async function awaken(element) {
  if (!document.querySelector("link[data-maplibre]")) {
    const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("../vendor/maplibre-gl.css", import.meta.url).href });
    sheet.dataset.maplibre = "";
    document.head.prepend(sheet);
  }
  element.map = draw(element, await specOf(element));
}
