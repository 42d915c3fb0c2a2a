"use strict";
/* A reload without the network shows the kiosk's page as it was, marked as kept; its scripts do the rest. `FILES` comes
 * from the server with their content's hashes, so another version of any file is another worker. No scan passes here:
 * whatever is no page of a station or no file of the page goes its own way. Without files it takes itself away. */

const CACHE = `floor-${FILES.map((name) => name.split("=").pop()).join("").slice(0, 64)}`;
const PAGE = /^\/(kiosk|bench)\/[^/]+$/;
const PATIENCE_MS = 5000;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  if (FILES.length) event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
});

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) {
    if (name.startsWith("floor-") && (name !== CACHE || !FILES.length)) await caches.delete(name);
  }
  if (!FILES.length) return self.registration.unregister();
  await self.clients.claim();
  // The page that brought us was there before us.
  const cache = await caches.open(CACHE);
  for (const { url } of await self.clients.matchAll({ type: "window" })) {
    if (PAGE.test(new URL(url).pathname)) await cache.add(url).catch(() => {});
  }
})()));

self.addEventListener("fetch", (event) => {
  const { request } = event, address = new URL(request.url);
  if (!FILES.length || request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate" && PAGE.test(address.pathname)) event.respondWith(page(request));
  else if (FILES.includes(address.pathname + address.search)) event.respondWith(file(request));
});

async function file(request) {
  return (await caches.match(request, { ignoreVary: true })) || fetch(request);
}

/* The server's page as long as there is one. A refusal is the server's word and is passed on. */
async function page(request) {
  const cache = await caches.open(CACHE), kept = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
  const giveUp = new AbortController(), timer = setTimeout(() => kept && giveUp.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(request, { signal: giveUp.signal });
    if (answer.status === 200 && !answer.redirected) await cache.put(request, answer.clone());
    return answer.status >= 500 && kept ? marked(kept) : answer;
  } catch (error) {
    if (kept) return marked(kept);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/* What the page must know of itself: that nobody has just said what stands on it. */
async function marked(kept) {
  const text = (await kept.text()).replace("<html ", "<html data-kept ");
  const headers = new Headers(kept.headers);
  headers.delete("content-encoding");
  headers.delete("content-length");
  return new Response(text, { status: 200, headers });
}
