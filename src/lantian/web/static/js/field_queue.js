// What waits on the phone: findings and visits with their photos in IndexedDB, sent one by one, each until the server has said what
// became of it. The id is made here, so what is sent twice (an answer was lost, two pages are open) is kept once.
//   item: { id, kind: finding | visit | clear, account, fields: [[name, value]], photos: [{ name, type, bytes }], at, state, label, ... }
//   state: waiting | sending | sent | refused | conflict | foreign
const ADDRESS = { finding: "/field/findings", visit: "/field/visits", clear: "/field/clear" };
const PATIENCE = 120_000; // ms for one item: nine photos over a bad network
const CHANGED = "field:queue";

let opened;
function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("lantian-field", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("queue", { keyPath: "id" });
      request.result.createObjectStore("kept");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/** Run `work(store)` in one transaction; resolves with its request's result once everything is on the disk. */
async function within(name, mode, work) {
  const base = await database();
  return new Promise((resolve, reject) => {
    const transaction = base.transaction(name, mode, { durability: "strict" });
    const request = work(transaction.objectStore(name));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

export const items = async () => (await within("queue", "readonly", (store) => store.getAll())).sort((a, b) => a.at - b.at);
export const item = (id) => within("queue", "readonly", (store) => store.get(id));
export const remember = (key, value) => within("kept", "readwrite", (store) => store.put(value, key));
export const recall = (key) => within("kept", "readonly", (store) => store.get(key));

export async function keep(entry) {
  await within("queue", "readwrite", (store) => store.put(entry));
  changed();
}

export async function forget(id) {
  await within("queue", "readwrite", (store) => store.delete(id));
  changed();
}

// Two pages of one phone show one queue: what one of them changes the other hears of.
const others = "BroadcastChannel" in self ? new BroadcastChannel("field-queue") : null;
const tell = () => document.dispatchEvent(new CustomEvent(CHANGED));
if (others) others.onmessage = tell;

function changed() {
  tell();
  others?.postMessage("changed");
}

export const onChange = (listener) => document.addEventListener(CHANGED, listener);

/** An id as RFC 9562 has it; `crypto.randomUUID` is missing where the page does not come over https. */
export function makeId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const text = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}

/** Photos of a file input, as plain bytes: a File loses its content on some phones once the page is left. */
export const photosOf = (files) =>
  Promise.all([...files].map(async (file) => ({ name: file.name, type: file.type, bytes: await file.arrayBuffer() })));

function formOf(entry) {
  const form = new FormData();
  for (const [name, value] of entry.fields) form.append(name, value);
  form.set("client_id", entry.id);
  form.set("account", entry.account);
  form.set("age_s", String(Math.max(0, Math.round((Date.now() - entry.at) / 1000))));
  for (const photo of entry.photos) form.append("photos", new Blob([photo.bytes], { type: photo.type }), photo.name);
  return form;
}

/** Send one item; what became of it: fields to change in it, or { signin: true } or { later: true }. */
export async function send(entry) {
  let answer;
  try {
    answer = await fetch(ADDRESS[entry.kind], {
      method: "POST", body: formOf(entry), redirect: "manual", headers: { Accept: "application/json" }, signal: AbortSignal.timeout?.(PATIENCE),
    });
  } catch {
    return { later: true };
  }
  if (answer.type === "opaqueredirect" || answer.status === 401) return { signin: true };
  if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return { later: true };
  const told = await answer.json().catch(() => ({}));
  if (answer.ok && told.number) return { state: "sent", number: told.number, far: told.far_m, photos: [], sentAt: Date.now() };
  if (answer.ok) return { later: true }; // a page that is none of ours (a hotel's network) is no receipt
  if (answer.status === 409 && told.conflict) return { state: "conflict", conflict: told.conflict };
  return { state: "refused", why: told.fault ?? `HTTP ${answer.status}` };
}

/** Send what waits, the oldest first. Only one page of the phone at a time. Returns { signin, later }. */
export async function sendAll(account) {
  const told = { signin: false, later: false };
  const work = async () => {
    for (const { id } of await items()) {
      const entry = await item(id); // the list may be old by now
      if (!entry || !["waiting", "sending", "foreign"].includes(entry.state)) continue;
      if (account && entry.account && entry.account !== account) {
        if (entry.state !== "foreign") await keep({ ...entry, state: "foreign" });
        continue;
      }
      await keep({ ...entry, state: "sending" });
      const { signin, later, ...changes } = await send(entry);
      const now = await item(id);
      if (now) await keep({ ...now, state: "waiting", ...changes });
      Object.assign(told, { signin: told.signin || signin === true, later: told.later || later === true });
      if (signin || later) break;
    }
  };
  if (navigator.locks) await navigator.locks.request("field-send", { ifAvailable: true }, (lock) => (lock ? work() : undefined));
  else await work();
  return told;
}

/** What was sent more than a day ago goes from the phone; what was not stays for as long as it takes. */
export async function tidy(now = Date.now()) {
  for (const entry of await items()) if (entry.state === "sent" && now - entry.sentAt > 86_400_000) await forget(entry.id);
}
