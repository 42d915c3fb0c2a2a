"use strict";
/* The kiosk: whatever is scanned, touched or typed becomes a scan with an id of its own, is stored, sent until it is
 * answered, and the answer is the next screen. There is no dialogue here: the server's fragment is all there is. */

const kiosk = document.getElementById("kiosk");
const screenRoot = document.getElementById("screen");
const manualCode = document.getElementById("manual-code");
const catcher = document.getElementById("catch");
const link = document.getElementById("link");
const waiting = document.getElementById("waiting");

const BOUNCE_MS = 700; // one symbol read twice by one pull of the trigger
const ANSWER_MS = 10000, SLOW_MS = 3000;
const REFRESH_MS = 2000;
const RETRY_MS = [300, 1000, 2000, 5000];
const UNSEEN_MS = 1000; // an answer that takes longer has not been seen by whoever pulls again
const OWN_CODE = /^([LTKBCRMOXYPWS])-.+-[0-9A-Z]$/i;
const PARCEL_CODE = /^(\][A-Za-z][0-9A-Za-z])?(00)?\d{18}$/;

const ready = openQueue(kiosk.dataset.station);
let stored = ready; // writes follow each other, so the queue keeps the order of the pulls
let isSending = false, isAskedAgain = false, wakeUp = null;
let isUnreached = false; // the floor does not answer: said on the screen, unless the device leads by itself
let lastCode = "", lastAt = -BOUNCE_MS;
let keyed = "";

const current = () => screenRoot.querySelector(".screen");

/* Every screen brings the words the script says by itself: the page is in the language of who is signed in. */
let words = {};
function takeWords(screen) {
  words = JSON.parse(screen.dataset.words);
  document.documentElement.lang = screen.lang;
  for (const shown of document.querySelectorAll("[data-say]")) shown.textContent = say(shown.dataset.say);
  manualCode.placeholder = say("manual");
}

function say(key, values = {}) {
  const words_ = (Number(values.count) === 1 && words[`${key}.one`]) || words[key];
  return words_.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function kindOf(code) {
  const own = OWN_CODE.exec(code.replace(/^\][A-Za-z][0-9A-Za-z]/, ""));
  if (own) return { L: "location", C: "command" }[own[1].toUpperCase()] || "own";
  return PARCEL_CODE.test(code) ? "parcel" : "item";
}

/* `isByHand`: nobody's scanner has read it; it was touched or typed. */
function scan(raw, isByHand = false) {
  const code = raw.trim();
  if (!code || heardBeside(code)) return;
  const kind = kindOf(code), now = performance.now();
  // Twice the same item may be two pieces. Twice the same place, tote or button never means anything more.
  const isBounce = kind !== "item" && code === lastCode && now - lastAt < BOUNCE_MS;
  lastCode = code;
  lastAt = now;
  if (isBounce) return;
  const entry = { scan_id: newId(), code, occurred_at: new Date().toISOString() };
  if (isByHand) entry.by_hand = true;
  if (keyed && current().dataset.quantity.split(" ").includes(kind)) {
    entry.qty_each = Number(keyed);
    key("clear");
  }
  hearing(code);
  stored = stored.then(() => keepScan(entry)).catch(report);
  stored.then(showWaiting).then(send); // the next pull is stored without waiting for this one's answer
}

function newId() {
  // Not randomUUID: it exists in secure contexts only, and a warehouse's own network is often plain HTTP.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return "k" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function send() {
  isAskedAgain = true;
  if (isSending) return;
  isSending = true;
  try {
    const queue = await ready;
    for (let failures = 0; isAskedAgain;) {
      isAskedAgain = false;
      const entry = await queue.first();
      if (!entry) continue;
      isAskedAgain = true;
      const { screen, trouble, isLost } = await post(entry);
      if (screen) {
        await queue.drop(entry, standingOf(screen));
        seen(entry);
        failures = 0;
        await answered(screen, entry);
      } else {
        if (isLost && (failures || !navigator.onLine)) loseFloor();
        await pause(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)], trouble);
      }
      await showWaiting();
    }
  } finally {
    isSending = false;
  }
}

/* One try. Only a screen that carries this scan's id is an answer: a proxy's or a hotspot's page is not. */
async function post(entry) {
  const { scan_id, code, qty_each, occurred_at, noted, after, by_hand } = entry;
  const giveUp = new AbortController();
  const slow = setTimeout(loseFloor, SLOW_MS);
  const timer = setTimeout(() => giveUp.abort(), ANSWER_MS);
  try {
    const response = await fetch(kiosk.dataset.post, {
      method: "POST", headers: { "Content-Type": "application/json" }, credentials: "same-origin",
      body: JSON.stringify({ scan_id, code, qty_each, occurred_at, noted, after, by_hand }), signal: giveUp.signal,
    });
    const screen = screenIn(await response.text());
    if (screen && screen.dataset.scanId === scan_id) return { screen };
    const isSignedOff = [401, 403].includes(response.status);
    return { trouble: isSignedOff ? say("not_enrolled") : say("no_answer"), isLost: !isSignedOff };
  } catch (error) {
    return { trouble: say("no_answer"), isLost: true };
  } finally {
    clearTimeout(slow);
    clearTimeout(timer);
  }
}

/* No answer: a device that knows the walk leads by itself, any other says so and keeps what is scanned. */
function loseFloor() {
  isUnreached = true;
  goAway().then(showWaiting);
}

function screenIn(html) {
  return new DOMParser().parseFromString(html, "text/html").querySelector(".screen");
}

function pause(ms, trouble) {
  link.dataset.state = "trouble";
  link.dataset.trouble = trouble;
  showWaiting();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    wakeUp = () => { clearTimeout(timer); resolve(); };
  });
}

async function showWaiting() {
  const queue = await ready, count = await queue.count();
  if (!count) link.dataset.state = queue.isKept ? "sent" : "unkept";
  else if (link.dataset.state !== "trouble") link.dataset.state = "waiting";
  const shown = [count ? say("waiting_scans", { count }) : say("all_sent")];
  if (link.dataset.state === "trouble") shown.push(link.dataset.trouble);
  if (!queue.isKept) shown.push(say("not_kept"));
  waiting.textContent = shown.join(". ");
  sayUnreached(count);
}

/* Off the walks nothing can be known beforehand: the screen stays as it was, and must not pass for an answer. */
function sayUnreached(count) {
  const there = document.getElementById("unreached"), isSaid = isUnreached && count && !away.isOn;
  if (!isSaid) return there && there.remove();
  const line = there || make("p", "notice notice-away", make("strong", "", say("offline")), " · ", make("b", ""),
    ` ${say("kept_in_order")}`);
  const kept = say("kept_here", { count });
  if (line.querySelector("b").textContent !== kept) line.querySelector("b").textContent = kept;
  if (there) return;
  line.id = "unreached";
  line.setAttribute("role", "status");
  current().querySelector(".head").after(line);
}

function show(screen, isAnswer) {
  rememberPanel(screen);
  screenRoot.replaceChildren(document.adoptNode(screen));
  takeWords(screen);
  keyed = "";
  rest();
  drawWalk();
  stoodAt(screen);
  if (isAnswer) {
    link.dataset.state = "waiting";
    scrollTo(0, 0); // what came of it stands on top, the button touched may have been far below
    tell(screen.dataset.kind, verdictWords());
  }
}

/* The way ahead is fetched after the screen stands, and once a stop: no scan waits for a picture. The last one is kept
 * with its tour: without the network only its ring moves on. */
const floorMap = { address: "", drawn: null, tour: 0 };
async function drawWalk() {
  const holder = screenRoot.querySelector("[data-picture]");
  if (!holder) return;
  const address = holder.dataset.picture;
  if (floorMap.address !== address) {
    const answer = await fetch(address, { credentials: "same-origin" }).catch(() => null);
    if (!answer || answer.status !== 200) return;
    const text = await answer.text(), tour = (standingOf(current()) || {}).tour;
    if (!takeWalk(address, text, tour)) return;
    ready.then((queue) => queue.keep("picture", { text, tour }));
  }
  if (holder.isConnected) hangWalk(holder);
}

function takeWalk(address, text, tour) {
  const drawn = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (drawn.nodeName !== "svg") return false;
  Object.assign(floorMap, { address, drawn, tour });
  return true;
}

function hangWalk(holder) {
  holder.replaceChildren(document.importNode(floorMap.drawn, true));
  holder.hidden = false;
  frameWalk(holder);
}

/* The picture that is there, its ring round another stop; pictures have y upwards, SVG downwards. */
function moveRing({ x_dm, y_dm }) {
  const ring = floorMap.drawn.querySelector(":scope > circle[fill=none]");
  if (!ring) return;
  ring.setAttribute("cx", x_dm);
  ring.setAttribute("cy", -y_dm);
}

/* Small, it shows the floor's width around the next stop, which is ringed; large, all of it. What would hide no more than
 * two fifths of the floor is drawn whole, a little smaller: a walk cut off at the edge reads as a mistake. */
function frameWalk(holder) {
  const drawn = holder.firstElementChild, ring = drawn.querySelector(":scope > circle[fill=none]");
  const [x, y, wide, high] = floorMap.drawn.getAttribute("viewBox").split(" ").map(Number);
  const slice = Math.min(high, wide * holder.clientHeight / (holder.clientWidth || 1));
  const isWhole = holder.classList.contains("is-large") || !ring || slice >= 0.6 * high;
  const top = isWhole ? y : Math.min(Math.max(Number(ring.getAttribute("cy")) - slice / 2, y), y + high - slice);
  drawn.setAttribute("viewBox", [x, top, wide, isWhole ? high : slice].join(" "));
}

function rememberPanel(screen) {
  const panel = screen.querySelector("#panel");
  if (panel) panel.open = localStorage.getItem("floor-panel") !== "closed";
}

/* What came of the scan, aloud too. */
function verdictWords() {
  const said = screenRoot.querySelector("[data-verdict]");
  return said ? said.textContent.replace(/\s+/g, " ").trim() : "";
}

/* In the same frame as the pull: it was heard, whatever comes of it. */
function hearing(code) {
  const said = screenRoot.querySelector("[data-verdict]") || document.createElement("div");
  said.dataset.verdict = "";
  said.className = "verdict verdict-heard";
  const mark = document.createElement("strong"), what = document.createElement("bdi");
  mark.className = "verdict-mark";
  mark.textContent = say("heard");
  what.textContent = code.slice(0, 60);
  said.replaceChildren(mark, what);
  if (!said.isConnected) current().querySelector(".head").after(said);
}

function key(digit) {
  keyed = digit === "clear" ? "" : (keyed + digit).replace(/^0+/, "").slice(0, 7);
  const shown = document.getElementById("keyed");
  if (!shown) return;
  shown.textContent = keyed;
  const { says, hint } = document.getElementById("keyed-words").dataset;
  document.getElementById("keyed-words").textContent = keyed ? says.replace("{count}", keyed) : hint;
}

/* A handheld's scanner service types into whatever has the focus, so something must; it opens no keyboard. */
function rest() {
  const isIdle = document.activeElement === document.body || !document.activeElement;
  if (isIdle && matchMedia("(pointer: coarse)").matches) catcher.focus({ preventScroll: true });
}

/* What could be two codes, or half of one, is not guessed: it is said, and nothing is sent. */
function refuse(why, heard = "") {
  if (isPin(heard)) return;
  hearing("");
  const said = screenRoot.querySelector("[data-verdict]");
  said.querySelector("bdi").textContent = say(`unclear.${why}`);
  said.className = "verdict verdict-rejected";
  said.querySelector(".verdict-mark").textContent = say("rejected");
  tell("rejected", verdictWords());
}

listenToWedge(hearWedge((code) => scan(code), { rules: scannerRules(), onUnclear: refuse }), catcher);
document.addEventListener("keydown", allowSound, true);

screenRoot.addEventListener("click", (event) => {
  allowSound();
  const button = event.target.closest("button");
  if (!button) return;
  button.blur();
  if (button.dataset.digit) key(button.dataset.digit);
  else if (button.dataset.code) scan(button.dataset.code, true);
  else if (button.matches(".walk")) {
    button.setAttribute("aria-expanded", String(button.classList.toggle("is-large")));
    frameWalk(button);
  }
});

/* A picture that cannot be had leaves no frame. */
screenRoot.addEventListener("error", (event) => {
  if (event.target.matches(".goods-picture")) event.target.remove();
}, true);

document.getElementById("manual").addEventListener("submit", (event) => {
  event.preventDefault();
  scan(manualCode.value, true);
  manualCode.value = "";
});

document.addEventListener("toggle", (event) => {
  if (event.target.id === "panel") localStorage.setItem("floor-panel", event.target.open ? "open" : "closed");
}, true);

window.addEventListener("online", () => { if (wakeUp) wakeUp(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && wakeUp) wakeUp(); });

/* What changes without a scan: a label that gets printed, a printer that stops. Never under the operator's hand, and
 * the verdict stays: it is about the last scan. */
async function refresh() {
  const screen = current();
  if (!screen.dataset.refresh || document.hidden || isSending || keyed) return;
  const answer = await fetch(kiosk.dataset.screen, { credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MS) })
    .catch(() => null);
  const fresh = answer && answer.ok ? screenIn(await answer.text()) : null;
  if (!fresh || isSending || keyed || current() !== screen) return;
  if (fresh.dataset.flow !== screen.dataset.flow || fresh.dataset.state !== screen.dataset.state) {
    show(fresh, false); // another device went on
    return;
  }
  rememberPanel(fresh);
  const was = screen.querySelector(".stage"), is = fresh.querySelector(".stage");
  if (is.innerHTML !== was.innerHTML) was.replaceWith(document.adoptNode(is));
}

function keepFresh() {
  const soon = screenRoot.querySelector("[data-refresh-ms]"); // a step that says how soon
  setTimeout(() => refresh().finally(keepFresh), soon ? Number(soon.dataset.refreshMs) : REFRESH_MS);
}
keepFresh();

show(current(), false);
takeUp(current()).catch(report).then(showWaiting).then(send); // whatever else goes wrong, what waits is sent
