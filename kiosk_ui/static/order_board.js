"use strict";
/* The order board while it is open: cells drawn by the server take the place of those that were, more cards come as
 * somebody scrolls, clocks go on. Cards that did not change stay the elements they were, and so keep the focus. */

const kanban = document.getElementById("kanban");
const words = JSON.parse(document.getElementById("board-words").textContent);
const language = document.documentElement.lang;
const POLL_MS = 10000, AFTER_NEWS_MS = 300, STREAM_AGAIN_MS = 15000, PAGE = 40;
const clockAhead = Number(kanban.dataset.now) - Date.now();
let etag = `"${kanban.dataset.etag}"`, asking = null, news = 0, isLive = false, isHeld = false;

function say(kind, code, values = {}) {
  const sentence = words[kind]?.[code] ?? String(code).replaceAll("_", " ");
  return sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

const lane = (column) => say("lane", column);
const cardOf = (id) => document.getElementById(`card-${id}`);
const bodyOf = (card) => card.querySelector(".order-card-body");

function tell(sentence) {
  document.getElementById("said").textContent = sentence;
}

/* ---- clocks ---- */

function span(ms) {
  const minutes = Math.max(0, Math.floor(ms / 60000)), hours = Math.floor(minutes / 60);
  if (hours >= 24) return say("board", "days", { d: Math.floor(hours / 24), h: hours % 24 });
  if (hours) return say("board", "hours", { h: hours, m: String(minutes % 60).padStart(2, "0") });
  return say("board", "minutes", { m: minutes });
}

function tick() {
  const now = Date.now() + clockAhead;
  for (const due of kanban.querySelectorAll("[data-due]")) {
    const left = due.dataset.due - now;
    due.textContent = say("board", left >= 0 ? "left_in" : "left_ago", { time: span(Math.abs(left)) });
    due.parentElement.classList.toggle("is-late", left < 0);
    due.parentElement.classList.toggle("is-near", left >= 0 && left < 3600000);
  }
}

/* ---- Tab reaches the first card of each cell; the current one with what is in it ---- */

let current = null;

function reach(card) {
  if (current?.isConnected && current !== card) rest(current);
  current = card;
  if (card) reachable(card, true);
}

function reachable(card, is) {
  for (const one of card.querySelectorAll(".order-card-body, a, input, summary")) one.tabIndex = is ? 0 : -1;
}

function rest(card) {
  reachable(card, false);
  if (!card.previousElementSibling) bodyOf(card).tabIndex = 0;
}

function settle() {
  for (const card of kanban.querySelectorAll(".order-card")) if (card !== current) rest(card);
  if (!current?.isConnected) reach(kanban.querySelector(".order-card"));
  count();
}

/* ---- what is chosen ---- */

function chosen() {
  return [...kanban.querySelectorAll('.order-card input[name="card"]:checked')].map((box) => box.closest(".order-card"));
}

function count() {
  const form = document.getElementById("bulk");
  if (!form) return;
  const many = chosen().length;
  document.getElementById("chosen").textContent = many || "";
  // A wall's badge is asked for here, whatever is chosen.
  form.hidden = !many && !form.elements.badge.required;
}

kanban.addEventListener("change", count);

/* ---- drawn anew ---- */

function cellAt(column, row) {
  return kanban.querySelector(`.kanban-cell[data-column="${column}"][data-lane="${CSS.escape(row)}"] .kanban-cards`);
}

/* The cards of a list that came, each the element that stands for it already where nothing on it changed. */
function kept(list) {
  return [...list.children].map((card) => {
    const was = cardOf(card.dataset.card);
    if (!was) return card;
    if (was.dataset.mark === card.dataset.mark && was.dataset.lane === card.dataset.lane) return was;
    const box = was.querySelector('input[name="card"]:checked');
    if (box) card.querySelector('input[name="card"]').checked = true;
    return card;
  });
}

async function draw(fragment) {
  const came = document.createElement("div");
  came.innerHTML = fragment; // drawn and escaped by our own server; the policy lets no script in it run
  const focused = document.activeElement?.closest?.(".order-card")?.dataset.card;
  const longer = [...kanban.querySelectorAll(".kanban-cards")].filter((list) => list.dataset.longer)
    .map((list) => ({ ...list.parentElement.dataset, shown: list.children.length, top: list.scrollTop }));
  const left = kanban.scrollLeft, tops = new Map([...kanban.querySelectorAll(".kanban-cards")]
    .map((list) => [`${list.parentElement.dataset.column} ${list.parentElement.dataset.lane}`, list.scrollTop]));
  for (const list of came.querySelectorAll(".kanban-cards")) list.replaceChildren(...kept(list));
  kanban.replaceChildren(...came.childNodes);
  for (const one of longer) await fill(cellAt(one.column, one.lane), one.shown);
  for (const list of kanban.querySelectorAll(".kanban-cards")) {
    list.scrollTop = tops.get(`${list.parentElement.dataset.column} ${list.parentElement.dataset.lane}`) ?? 0;
    watch(list);
  }
  kanban.scrollLeft = left;
  if (focused && cardOf(focused)) {
    reach(cardOf(focused));
    bodyOf(cardOf(focused)).focus({ preventScroll: true });
  }
  settle();
  tick();
}

async function refresh() {
  if (asking || isHeld) return asking;
  asking = (async () => {
    try {
      const answer = await fetch(`/order-board/cells?${kanban.dataset.query}`, { headers: { "If-None-Match": etag } });
      if (answer.ok && !isHeld) {
        etag = answer.headers.get("ETag") ?? "";
        await draw(await answer.text());
      }
      link(answer.ok || answer.status === 304 ? (isLive ? "live" : "polling") : "stale");
    } catch {
      link("stale");
    }
    asking = null;
  })();
  return asking;
}

function link(how) {
  const shown = document.getElementById("link");
  if (shown.dataset.state === how) return;
  shown.dataset.state = how;
  shown.textContent = say("board_script", how);
}

/* Nothing moves under a card somebody holds; what came meanwhile is drawn when it is set down. */
function hold(is) {
  isHeld = is;
  if (!is) soon();
}

function soon() {
  clearTimeout(news);
  news = setTimeout(refresh, AFTER_NEWS_MS);
}

/* ---- more cards as somebody scrolls ---- */

const coming = new WeakSet();

async function fill(list, wanted) {
  if (!list || coming.has(list)) return;
  coming.add(list);
  while (list.isConnected && list.dataset.next && list.children.length < wanted) {
    const { column, lane: row } = list.parentElement.dataset;
    const asked = new URLSearchParams(kanban.dataset.query);
    for (const [name, value] of Object.entries({ column, lane: row, after: list.dataset.next, limit: PAGE })) asked.set(name, value);
    const answer = await fetch(`/order-board/cell?${asked}`).catch(() => null);
    if (!answer?.ok) break;
    const came = document.createElement("div");
    came.innerHTML = await answer.text();
    const page = came.firstElementChild;
    list.dataset.next = page.dataset.next;
    list.dataset.longer = "1";
    list.append(...[...page.children].filter((card) => !cardOf(card.dataset.card)));
    const more = list.parentElement.querySelector(".kanban-more");
    if (more) more.hidden = !list.dataset.next;
  }
  coming.delete(list);
  settle();
}

function watch(list) {
  if (list.dataset.watched) return;
  list.dataset.watched = "1";
  list.addEventListener("scroll", () => {
    if (list.dataset.next && list.scrollTop + list.clientHeight > list.scrollHeight - 600) fill(list, list.children.length + PAGE);
  }, { passive: true });
}

/* ---- kept new ---- */

function follow() {
  const stream = new EventSource(kanban.dataset.live, { withCredentials: true });
  stream.addEventListener("open", () => {
    isLive = true;
    link("live");
  });
  stream.addEventListener("board", (event) => {
    const parts = JSON.parse(event.data);
    if (parts.orders || parts.lanes) soon();
  });
  stream.addEventListener("error", () => {
    isLive = false;
    link("polling");
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, STREAM_AGAIN_MS);
  });
}

for (const list of kanban.querySelectorAll(".kanban-cards")) watch(list);
settle();
tick();
setInterval(tick, 15000);
setInterval(refresh, POLL_MS);
follow();
