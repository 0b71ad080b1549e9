// Service worker of the field pages; the server writes VERSION and KEPT before it. It keeps the empty forms and their files on
// the phone, never what anybody entered (that is IndexedDB's) and never an answer that holds data.
const NAME = `field-${VERSION}`;
const PATIENCE = 6_000; // ms; a bar of signal that carries nothing is no network

self.addEventListener("install", (event) => {
  const fill = async () => (await caches.open(NAME)).addAll(KEPT.map((address) => new Request(address, { cache: "no-cache" })));
  event.waitUntil(fill().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) if (name.startsWith("field-") && name !== NAME) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(visit(request));
  else if (address.pathname.startsWith("/static/")) event.respondWith(fixed(request));
  else if (address.pathname.startsWith("/api/v1/outlines/")) event.respondWith(fresh(request));
});

/** A page from the server; without a network the empty forms, which fill themselves with what the phone keeps. */
async function visit(request) {
  const shell = () => caches.match("/field/shell", { cacheName: NAME });
  const late = new Promise((resolve, reject) => setTimeout(() => reject(new Error("no answer")), PATIENCE));
  try {
    return await Promise.race([fetch(request), late]);
  } catch {
    return (await shell()) ?? Response.error();
  }
}

/** Addresses under /static/ hold their content's hash: what is kept never grows old. */
async function fixed(request) {
  const known = await caches.match(request, { cacheName: NAME });
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(NAME)).put(request, answer.clone());
  return answer;
}

/** Outlines of the map: new ones where there is a network, else those of last time. */
async function fresh(request) {
  try {
    const answer = await fetch(request);
    if (answer.ok) await (await caches.open(NAME)).put(request, answer.clone());
    return answer;
  } catch {
    return (await caches.match(request, { cacheName: NAME })) ?? Response.error();
  }
}
