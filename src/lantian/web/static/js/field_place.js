// The place of a finding: the phone's own position, or a tap on the map. Both write the form's `lon` and `lat`.
import { say } from "./field_list.js";

const ACCURATE = { enableHighAccuracy: true, timeout: 20_000, maximumAge: 30_000 };

/** Write a place into the form and say it. */
export function put(form, lon, lat, by, accuracy = null) {
  form.elements.lon.value = lon.toFixed(6);
  form.elements.lat.value = lat.toFixed(6);
  form.elements.place_by.value = by;
  form.elements.accuracy.value = accuracy === null ? "" : String(Math.round(accuracy));
  tell(form);
}

/** Say which place the form holds. */
export function tell(form) {
  const { lon, lat, accuracy } = form.elements;
  const known = lon.value && lat.value;
  const sure = accuracy.value ? say("accuracy", { m: accuracy.value }) : "";
  form.querySelector("[data-place]").textContent = known ? say("located", { lon: Number(lon.value).toFixed(5), lat: Number(lat.value).toFixed(5) }) + sure : "";
}

/** Bring the place of a form to life; `spec()` gives what the map is drawn with, or null; `found()` hears of a position. */
export function awaken(form, spec, found) {
  const said = form.querySelector("[data-place]");
  const find = form.querySelector("[data-locate]");
  find.hidden = !("geolocation" in navigator);
  find.addEventListener("click", () => {
    said.textContent = say("locating");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        put(form, coords.longitude, coords.latitude, "gps", coords.accuracy);
        found();
      },
      (error) => (said.textContent = say("no_place", { why: error.message || error.code })),
      ACCURATE,
    );
  });
  for (const name of ["lon", "lat"]) {
    form.elements[name].addEventListener("change", () => {
      form.elements.place_by.value = "typed";
      form.elements.accuracy.value = "";
      tell(form);
    });
  }
  const holder = form.querySelector("[data-map-holder]");
  holder.addEventListener("toggle", () => {
    if (holder.open && !holder.querySelector(".map")) drawMap(form, holder, spec());
  });
}

async function drawMap(form, holder, spec) {
  if (!spec) return;
  const element = document.createElement("div");
  element.className = "map";
  const data = Object.assign(document.createElement("script"), { type: "application/json", textContent: JSON.stringify({ ...spec, discs: [] }) });
  element.append(data);
  holder.append(element);
  holder.querySelector("[data-map-hint]").hidden = false;
  try {
    const { awaken: draw } = await import("./map.js");
    await draw(element);
  } catch {
    element.remove(); // never opened while there was a network: coordinates and address remain
    return;
  }
  const mark = ({ lng, lat }) => element.map.setDiscs([{ lon: lng, lat, value: "＋", title: say("located", { lon: lng.toFixed(5), lat: lat.toFixed(5) }), select: () => {} }]);
  element.map.map.on("click", (event) => {
    put(form, event.lngLat.lng, event.lngLat.lat, "map");
    mark(event.lngLat);
  });
  if (form.elements.lon.value) mark({ lng: Number(form.elements.lon.value), lat: Number(form.elements.lat.value) });
}
