// The field page: everything entered is kept on the phone first, then sent. Without this script the forms post as they are.
import { item, items, keep, makeId, onChange, photosOf, recall, remember, send, sendAll, tidy } from "./field_queue.js";
import { make, say, show } from "./field_list.js";
import { awaken as awakenPlace, tell } from "./field_place.js";
import { begin, show as showTargets } from "./field_targets.js";

const EVERY = 30_000; // ms between tries while something waits
const root = document.querySelector("[data-field]");
const queue = document.getElementById("queue");
const shell = root.dataset.field === "shell";
const findingForm = document.getElementById("finding");
const forms = [...document.querySelectorAll("form.field-form")];
const state = { today: null, account: root.dataset.account, photos: new Map(forms.map((form) => [form, []])), busy: false };

// What the phone keeps of the day

async function learn() {
  try {
    const answer = await fetch("/field/today.json", { redirect: "manual" });
    if (!answer.ok) throw new Error(String(answer.status));
    state.today = await answer.json();
    state.account = state.today.account;
    await remember("today", state.today).catch(() => {});
    document.querySelector("[data-offline]")?.remove();
  } catch {
    state.today = (await recall("today").catch(() => null)) ?? null;
    if (shell) state.account = state.today?.account ?? "";
  }
}

function fillShell() {
  const { today } = state;
  if (!shell || !today) return;
  const select = document.querySelector("#finding select[name=region]");
  select.append(...today.regions.map(([code, name]) => new Option(name, code, false, today.regions.length === 1)));
  const asked = location.pathname.match(/^\/field\/check\/([\w-]+)$/)?.[1];
  if (asked) return fillCheck(today.cases.find((one) => one.number === asked), asked);
  const list = document.querySelector("[data-today]");
  list.hidden = today.cases.length === 0;
  list.querySelector("ul").replaceChildren(...today.cases.map(lineOf));
  document.querySelector("[data-title]").textContent = today.cases.length ? say("today_n", { n: today.cases.length }) : say("today_none");
}

function lineOf(one) {
  const late = one.late ? ` · ${say("overdue_mark")}` : "";
  const more = make("span", { className: "small muted", textContent: `${one.region} ${one.address || one.subject} · ${one.due}${late}` });
  return make("li", {}, make("a", { className: "button", href: `/field/check/${one.number}` }, make("span", {}, make("b", { textContent: one.title }), make("br"), more)));
}

function fillCheck(one, number) {
  document.querySelector("[data-part=field]").hidden = true;
  document.querySelector("[data-part=check]").hidden = !one;
  document.querySelector("[data-title]").textContent = one ? one.title : `${number}: ${say("no_case")}`;
  if (!one) return;
  for (const place of document.querySelectorAll("[data-fact]")) place.textContent = one[place.dataset.fact];
  const form = document.getElementById("visit");
  form.elements.number.value = one.number;
  form.elements.seen.value = one.events;
}

// Photos: picked again and again, each with a small picture and a way to take it back

function showPhotos(form) {
  const list = form.querySelector("[data-picked]");
  const photos = state.photos.get(form);
  list.querySelectorAll("img").forEach((image) => URL.revokeObjectURL(image.src));
  list.hidden = photos.length === 0;
  list.replaceChildren(...photos.map((photo, number) => make("li", {},
    make("img", { src: URL.createObjectURL(new Blob([photo.bytes], { type: photo.type })), alt: photo.name }),
    make("button", { type: "button", className: "button", textContent: say("remove"), onclick: () => { photos.splice(number, 1); showPhotos(form); } }))));
}

async function pick(form, input) {
  const limit = Number(root.dataset.limit);
  const large = [...input.files].find((file) => file.size > limit);
  fault(form, large ? say("too_large", { name: large.name, mb: limit / 1_048_576 }) : "");
  state.photos.get(form).push(...(await photosOf([...input.files].filter((file) => file.size <= limit))));
  input.value = "";
  showPhotos(form);
}

// From a form to the queue and back

function fault(form, text) {
  const place = form.querySelector("[data-fault]");
  place.hidden = !text;
  place.textContent = text;
  if (text) place.scrollIntoView({ block: "center" });
}

function lacking(form, photos) {
  const data = new FormData(form);
  const text = (name) => String(data.get(name) ?? "").trim();
  if (form.dataset.kind === "visit") {
    if (!text("verdict")) return "need_verdict";
    if (!photos.length) return "need_photo";
    return text("reason") ? "" : "need_reason";
  }
  if (!text("category")) return "need_category";
  const ticked = data.getAll("points").some((point) => point.startsWith(`${text("category")}:`));
  if (!ticked && !text("detail")) return "need_words";
  return text("region") || (text("lon") && text("lat")) || photos.length ? "" : "need_place";
}

function labelOf(form, data) {
  if (form.dataset.kind === "visit") return say("visit_word", { number: data.get("number") });
  const line = form.querySelector("input[name=category]:checked + label").textContent;
  return [line, data.get("subject") || data.get("address")].filter(Boolean).join(" · ");
}

async function take(form) {
  const photos = state.photos.get(form);
  const missing = lacking(form, photos);
  fault(form, missing && say(missing));
  if (missing) return undefined;
  const data = new FormData(form);
  const fields = [...data].filter(([name, value]) => typeof value === "string" && !["client_id", "account"].includes(name));
  const before = form.dataset.editing ? JSON.parse(form.dataset.editing) : {};
  const stored = before.id && (await item(before.id).catch(() => undefined));
  if (stored?.state === "sent") return fault(form, say("sent", { number: stored.number })); // it was on its way already
  const entry = {
    id: before.id ?? makeId(), at: before.at ?? Date.now(), kind: form.dataset.kind, account: before.account ?? state.account,
    label: labelOf(form, data), fields, photos: [...photos], state: "waiting",
  };
  try {
    await keep(entry);
  } catch (error) {
    return sendUnkept(form, entry, error); // a private window, or a full phone
  }
  navigator.storage?.persist?.();
  clear(form);
  queue.scrollIntoView({ block: "start" });
  return trySending();
}

/** Send what the phone cannot keep at once; what does not arrive stays in the form. */
async function sendUnkept(form, entry, error) {
  const told = await send(entry);
  if (told.state !== "sent") return fault(form, say("unstorable", { why: told.why ?? error?.message ?? error }));
  location.href = `/field?sent=${told.number}${told.far ? `&far=${told.far}` : ""}`;
  return undefined;
}

function clear(form) {
  form.reset();
  for (const name of ["place_by", "accuracy", "target"]) if (form.elements[name]) form.elements[name].value = ""; // reset leaves hidden ones
  delete form.dataset.editing;
  state.photos.set(form, []);
  showPhotos(form);
  if (form.elements.lon) tell(form);
}

/** Bring an item back into its form; it stays in the queue, and is not sent, until it is kept anew or the page is left. */
async function edit(entry) {
  const form = forms.find((one) => one.dataset.kind === entry.kind && (entry.kind === "finding" || one.elements.number.value === valueOf(entry, "number")));
  if (!form || form.closest("[hidden]")) {
    location.href = entry.kind === "finding" ? "/field" : `/field/check/${valueOf(entry, "number")}`;
    return;
  }
  await keep({ ...entry, state: "editing" });
  clear(form);
  for (const input of form.elements) {
    if (!input.name || input.type === "file" || ["client_id", "account"].includes(input.name)) continue;
    const values = entry.fields.filter(([name]) => name === input.name).map(([, value]) => value);
    if (["radio", "checkbox"].includes(input.type)) input.checked = values.includes(input.value);
    else if (values.length) input.value = values[0];
  }
  form.dataset.editing = JSON.stringify({ id: entry.id, at: entry.at, account: entry.account });
  state.photos.set(form, [...entry.photos]);
  showPhotos(form);
  if (form.elements.lon) tell(form);
  form.scrollIntoView({ block: "start" });
}

const valueOf = (entry, name) => entry.fields.find(([field]) => field === name)?.[1] ?? "";

// Sending

async function trySending() {
  if (state.busy) return;
  state.busy = true;
  try {
    const told = await sendAll(state.account);
    queue.querySelector("[data-signin]").hidden = !told.signin;
  } finally {
    state.busy = false;
  }
}

/** The kept forms follow the reader's language and the newest templates whenever there is a network. */
async function freshen() {
  for (const name of await caches.keys()) {
    if (name.startsWith("field-")) await (await caches.open(name)).add("/field/shell").catch(() => {});
  }
}

const ways = { retry: trySending, edit };
const targets = document.querySelector("[data-targets]");

/** Drawn sites, the nearest first as far as the form knows a place by satellite. */
async function listTargets() {
  if (!targets) return;
  const { lon, lat, place_by: by } = findingForm.elements;
  const here = by.value === "gps" ? { lon: Number(lon.value), lat: Number(lat.value) } : null;
  await showTargets(targets, state.today, here, trySending);
}

onChange(() => Promise.all([show(queue, ways), listTargets()]));

for (const form of forms) {
  form.noValidate = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take(form);
  });
  for (const input of form.querySelectorAll("[data-photos]")) input.addEventListener("change", () => pick(form, input));
}
if (findingForm) awakenPlace(findingForm, () => state.today?.map ?? null, listTargets);
queue.querySelector("[data-send-all]").addEventListener("click", trySending);
addEventListener("online", () => learn().then(trySending));
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && trySending());
setInterval(async () => {
  if ((await items().catch(() => [])).some((entry) => ["waiting", "sending"].includes(entry.state))) await trySending();
}, EVERY);

async function resume() {
  await tidy();
  for (const entry of await items()) if (entry.state === "editing") await keep({ ...entry, state: "waiting" });
  await show(queue, ways);
}

await learn();
fillShell();
const asked = new URLSearchParams(location.search).get("target");
const drawn = state.today?.targets?.find((one) => one.key === asked);
if (drawn && findingForm) begin(findingForm, drawn);
if (findingForm) tell(findingForm);
await listTargets();
const storable = await resume().then(() => true, () => false);
root.dataset.ready = "yes";
if (storable) await trySending();
if ("serviceWorker" in navigator) {
  navigator.serviceWorker
    .register("/field/worker.js", { scope: "/field" })
    .then(() => navigator.serviceWorker.ready)
    .then(freshen)
    .then(() => (root.dataset.worker = "yes"))
    .catch((error) => (root.dataset.worker = say("page_old", { why: error.message })));
}
