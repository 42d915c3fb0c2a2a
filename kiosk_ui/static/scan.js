"use strict";
/* The kiosk: whatever is scanned, touched or typed becomes a scan with an id of its own, is stored, sent until it is
 * answered, and the answer is the next screen. There is no dialogue here: the server's fragment is all there is. */

const kiosk = document.getElementById("kiosk");
const screenRoot = document.getElementById("screen");
const manualCode = document.getElementById("manual-code");
const catcher = document.getElementById("catch");
const link = document.getElementById("link");
const waiting = document.getElementById("waiting");
const words = JSON.parse(document.getElementById("words").textContent);

const BOUNCE_MS = 700; // one symbol read twice by one pull of the trigger
const ANSWER_MS = 10000;
const REFRESH_MS = 2000;
const RETRY_MS = [300, 1000, 2000, 5000];
const OWN_CODE = /^([LTKBCRMOXY])-.+-[0-9A-Z]$/i;
const PARCEL_CODE = /^(\]C1)?(00)?\d{18}$/;

const ready = openQueue(kiosk.dataset.station);
let stored = ready; // writes follow each other, so the queue keeps the order of the pulls
let isSending = false, isAskedAgain = false, wakeUp = null;
let lastCode = "", lastAt = -BOUNCE_MS;
let keyed = "";

const current = () => screenRoot.querySelector(".screen");

function say(key, values = {}) {
  const words_ = (Number(values.count) === 1 && words[`${key}.one`]) || words[key];
  return words_.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function kindOf(code) {
  const own = OWN_CODE.exec(code);
  if (own) return own[1].toUpperCase() === "L" ? "location" : "own";
  return PARCEL_CODE.test(code) ? "parcel" : "item";
}

function scan(raw) {
  const code = raw.trim();
  if (!code) return;
  const kind = kindOf(code), now = performance.now();
  // Twice the same item may be two pieces. Twice the same place, tote or button never means anything more.
  const isBounce = kind !== "item" && code === lastCode && now - lastAt < BOUNCE_MS;
  lastCode = code;
  lastAt = now;
  if (isBounce) return;
  const entry = { scan_id: newId(), code, occurred_at: new Date().toISOString() };
  if (keyed && current().dataset.quantity.split(" ").includes(kind)) {
    entry.qty_each = Number(keyed);
    key("clear");
  }
  hearing(code);
  stored = stored.then(async () => (await ready).put(entry));
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
      const { screen, trouble } = await post(entry);
      if (screen) {
        await queue.drop(entry);
        failures = 0;
        show(screen, true);
      } else {
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
  const { scan_id, code, qty_each, occurred_at } = entry;
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), ANSWER_MS);
  try {
    const response = await fetch(kiosk.dataset.post, {
      method: "POST", headers: { "Content-Type": "application/json" }, credentials: "same-origin",
      body: JSON.stringify({ scan_id, code, qty_each, occurred_at }), signal: giveUp.signal,
    });
    const screen = screenIn(await response.text());
    if (screen && screen.dataset.scanId === scan_id) return { screen };
    return { trouble: [401, 403].includes(response.status) ? say("not_enrolled") : say("no_answer") };
  } catch (error) {
    return { trouble: say("no_answer") };
  } finally {
    clearTimeout(timer);
  }
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
}

function show(screen, isAnswer) {
  rememberPanel(screen);
  screenRoot.replaceChildren(document.adoptNode(screen));
  keyed = "";
  rest();
  if (isAnswer) {
    link.dataset.state = "waiting";
    scrollTo(0, 0); // what came of it stands on top, the button touched may have been far below
    tell(screen.dataset.outcome === "applied");
  }
}

function rememberPanel(screen) {
  const panel = screen.querySelector("#panel");
  if (panel) panel.open = localStorage.getItem("floor-panel") !== "closed";
}

/* Right or wrong by sound, by touch and in words; colour only comes with them. */
function tell(isRight) {
  const said = screenRoot.querySelector("[data-verdict]");
  document.getElementById("spoken").textContent = said ? said.textContent.replace(/\s+/g, " ").trim() : "";
  if (isRight) beep([[880, 0, 0.07], [1320, 0.08, 0.09]], "sine");
  else beep([[170, 0, 0.22], [140, 0.26, 0.34]], "square");
  if (navigator.vibrate) navigator.vibrate(isRight ? 40 : [200, 90, 200]);
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

let audio = null;
function beep(tones, shape) {
  if (!audio) return;
  for (const [hertz, from, seconds] of tones) {
    const source = audio.createOscillator(), volume = audio.createGain(), at = audio.currentTime + from;
    source.type = shape;
    source.frequency.value = hertz;
    volume.gain.setValueAtTime(0.25, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + seconds);
    source.connect(volume).connect(audio.destination);
    source.start(at);
    source.stop(at + seconds);
  }
}

/* A browser plays nothing before the first touch or key. */
function allowSound() {
  if (!audio && window.AudioContext) audio = new AudioContext();
  if (audio && audio.state === "suspended") audio.resume();
}

function key(digit) {
  keyed = digit === "clear" ? "" : (keyed + digit).replace(/^0+/, "").slice(0, 7);
  const shown = document.getElementById("keyed");
  if (!shown) return;
  shown.textContent = keyed;
  document.getElementById("keyed-words").textContent = keyed ? say("next_counts", { count: keyed }) : say("quantity_hint");
}

/* A handheld's scanner service types into whatever has the focus, so something must; it opens no keyboard. */
function rest() {
  const isIdle = document.activeElement === document.body || !document.activeElement;
  if (isIdle && matchMedia("(pointer: coarse)").matches) catcher.focus({ preventScroll: true });
}

const wedge = hearWedge(scan);

document.addEventListener("keydown", (event) => {
  allowSound();
  if (event.target === manualCode) return;
  if (wedge.key(event)) event.preventDefault(); // Enter would press the button touched last
}, true);
catcher.addEventListener("beforeinput", (event) => {
  wedge.text(event.data, event.timeStamp, event.inputType === "insertLineBreak");
});
catcher.addEventListener("input", () => { catcher.value = ""; });

screenRoot.addEventListener("click", (event) => {
  allowSound();
  const button = event.target.closest("button");
  if (!button) return;
  button.blur();
  if (button.dataset.digit) key(button.dataset.digit);
  else if (button.dataset.code) scan(button.dataset.code);
});

document.getElementById("manual").addEventListener("submit", (event) => {
  event.preventDefault();
  scan(manualCode.value);
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
  const answer = await fetch(kiosk.dataset.screen, { credentials: "same-origin" }).catch(() => null);
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
setInterval(refresh, REFRESH_MS);

show(current(), false);
showWaiting().then(send);
