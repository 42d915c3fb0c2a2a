"use strict";
/* Keeps what is marked `data-fresh` as the server has it: at once when the live stream tells of something, every ten
 * seconds besides. What is folded out stays so and the focus stays where it is; nothing moves under what somebody types. */

const FRESH_MS = 10000;
const SOON_MS = 1500; // while `data-fresh="soon"`: somebody waits for an answer
const GAP_MS = 2000; // between two pages asked for because of news: each is drawn whole by the server
const STREAM_AGAIN_MS = 15000;
const FIELDS = "input:not([type=hidden]), select, textarea";

const shownLink = document.getElementById("fresh-link");
let etag = "", asking = false, askedAt = 0, news = 0, isLive = false;

const reachable = (part) => [...part.querySelectorAll("a, button, summary, input:not([type=hidden]), select, textarea, [tabindex]")];
const folds = (part) => [...part.querySelectorAll("details")];

function isChanged(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
  const first = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(first, 0);
}

function isBusy(part) {
  const active = document.activeElement;
  return document.hidden || (part.contains(active) && active.matches(FIELDS)) || [...part.querySelectorAll(FIELDS)].some(isChanged);
}

/* The same fold of the part that came: by its id, else by its place while the words on it are the same. */
function alike(fold, place, came) {
  if (fold.id) return came.find((one) => one.id === fold.id);
  const one = came[place];
  return one && one.querySelector("summary")?.textContent === fold.querySelector("summary")?.textContent ? one : null;
}

/* Puts the part that came in the place of the other; false where what somebody is at would be gone. */
function replace(part, fresh) {
  const came = document.importNode(fresh, true);
  const cameFolds = folds(came);
  folds(part).forEach((fold, place) => {
    const one = alike(fold, place, cameFolds);
    if (one) one.open = fold.open;
  });
  let focus = null;
  if (part.contains(document.activeElement)) {
    const active = document.activeElement;
    focus = reachable(came)[reachable(part).indexOf(active)];
    if (!focus || focus.tagName !== active.tagName || focus.textContent !== active.textContent) return false;
  }
  part.replaceWith(came);
  focus?.focus({ preventScroll: true });
  return true;
}

function link(how) {
  if (!shownLink || shownLink.dataset.state === how) return;
  shownLink.dataset.state = how;
  shownLink.textContent = shownLink.dataset[how];
}

async function refresh() {
  const part = document.querySelector("[data-fresh]");
  // After a refusal the address is that of the form: what it would answer is no page to look at.
  if (!part || asking || isBusy(part) || document.getElementById("refused")) return;
  asking = true;
  askedAt = Date.now();
  const answer = await fetch(location.href, { headers: { Accept: "text/html", ...(etag ? { "If-None-Match": etag } : {}) } }).catch(() => null);
  if (answer?.ok) {
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-fresh]");
    if (fresh && !isBusy(part) && replace(part, fresh)) etag = answer.headers.get("ETag") ?? "";
  }
  asking = false;
  link(answer?.ok || answer?.status === 304 ? (isLive ? "live" : "polling") : "stale");
}

function soon() {
  if (!news) news = setTimeout(() => { news = 0; refresh(); }, Math.max(0, askedAt + GAP_MS - Date.now()));
}

function follow() {
  // The stream may stand on another port of this host; the cookie goes with it all the same.
  const stream = new EventSource(shownLink.dataset.address, { withCredentials: true });
  stream.addEventListener("open", () => {
    isLive = true;
    link("live");
  });
  stream.addEventListener("board", soon); // the first one too: what happened while there was no stream
  stream.addEventListener("error", () => {
    isLive = false;
    link("polling");
    // After a refusal (full, signed off) the browser does not try again by itself.
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, STREAM_AGAIN_MS);
  });
}

setInterval(refresh, FRESH_MS);
setInterval(() => { if (document.querySelector('[data-fresh="soon"]')) refresh(); }, SOON_MS);
if (shownLink) follow();
