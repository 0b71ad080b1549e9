// Drawn sites of the running round: the nearest first once the phone knows where it is; "nothing found" goes through the queue too.
import { items, keep, makeId } from "./field_queue.js";
import { make, say } from "./field_list.js";

const RADIUS_KM = 6371;
const radians = (degrees) => (degrees * Math.PI) / 180;

function distance(a, b) {
  if (!a || a.lon === null || b.lon === null) return null;
  const half = Math.sin(radians(b.lat - a.lat) / 2) ** 2 + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * Math.sin(radians(b.lon - a.lon) / 2) ** 2;
  return 2 * RADIUS_KM * Math.asin(Math.sqrt(half));
}

/** Fill the form with a drawn site. */
export function begin(form, one) {
  const values = { target: one.key, subject: one.name, address: one.address, region: one.code, lon: one.lon ?? "", lat: one.lat ?? "", place_by: one.lon === null ? "" : "register" };
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
}

/** Write the list anew; `day` is what the phone keeps of today, `here` its place or null. What waits in the queue is left out. */
export async function show(section, day, here, send) {
  const waiting = new Set((await items().catch(() => [])).flatMap((entry) => entry.fields.filter(([name]) => name === "target").map(([, key]) => key)));
  const known = (day?.targets ?? []).filter((one) => !waiting.has(one.key)).map((one) => ({ ...one, km: distance(here, one) }));
  known.sort((a, b) => (a.km ?? 1e9) - (b.km ?? 1e9));
  section.hidden = known.length === 0;
  section.querySelector("ul").replaceChildren(...known.map((one) => lineOf(one, day, send)));
}

function lineOf(one, day, send) {
  const far = one.km === null ? "" : ` · ${say("away", { km: one.km.toFixed(1) })}`;
  const nothing = make("button", { type: "button", className: "button", textContent: say("clear_target") });
  nothing.addEventListener("click", async () => {
    nothing.disabled = true;
    const fields = [["target", one.key]];
    await keep({ id: makeId(), at: Date.now(), kind: "clear", account: day.account, label: say("cleared", { name: one.name }), fields, photos: [], state: "waiting" });
    await send();
  });
  return make("li", { className: "target" },
    make("p", {}, make("b", { textContent: one.name }), make("span", { className: "small muted", textContent: ` ${one.region} ${one.address}${far}` })),
    make("div", { className: "row" }, make("a", { className: "button", href: `/field?target=${encodeURIComponent(one.key)}#finding`, textContent: say("to_report") }), nothing));
}
