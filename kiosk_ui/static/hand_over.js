"use strict";
/* From one pair of hands to the next: the PIN pad, and a page nobody used that asks for a badge again.
 *
 * A PIN lives in this file's `pin` until it is posted, and nowhere else: the field shows dots, nothing is stored, queued or
 * sent again. Whether a station is locked is the server's to say; the page asks when the time has come, and hides what
 * it shows by itself where no answer comes. */

const TOLD_MS = 60000; // how often the server hears that somebody only touches
const LOOK_MS = 1000;
const BADGE = /^(\][A-Za-z][0-9A-Za-z])?B-.+-[0-9A-Z]$/i;

let pin = "";
let usedAt = Date.now(), toldAt = Date.now();
let hidden = null; // the screen under a lock of our own

const screenNow = () => document.querySelector("#screen .screen");

/* ---- the pad ---- */

function setPin(digits) {
  pin = digits.slice(0, 8);
  const shown = document.getElementById("pin");
  if (shown) shown.value = "•".repeat(pin.length);
}

function keyPin(digit) {
  setPin(digit === "clear" ? "" : pin + digit);
  document.getElementById("pin").focus({ preventScroll: true });
}

async function postPin() {
  const form = document.getElementById("pin-form"), said = document.getElementById("pin-said");
  if (pin.length < 4) return;
  const body = JSON.stringify({ pin, occurred_at: new Date().toISOString() });
  setPin("");
  try {
    const answer = await fetch(form.dataset.post, {
      method: "POST", headers: { "Content-Type": "application/json" }, credentials: "same-origin", body,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const screen = screenIn(await answer.text());
    if (screen) show(screen, true);
    else said.textContent = say("pin_no_answer");
  } catch (error) {
    said.textContent = say("pin_no_answer");
  }
}

/* What is keyed into the field becomes dots at once; a scan that is taken back out of it takes its digits along. */
document.addEventListener("beforeinput", (event) => {
  if (event.target.id !== "pin" || event.inputType === "insertLineBreak") return; // Enter: the form is sent
  event.preventDefault();
  if (event.inputType.startsWith("delete")) setPin(pin.slice(0, -1));
  else if (/^\d+$/.test(event.data || "")) setPin(pin + event.data);
});
document.addEventListener("input", (event) => {
  if (event.target.id === "pin" && event.target.value.length !== pin.length) setPin(pin.slice(0, event.target.value.length));
});
document.addEventListener("submit", (event) => {
  if (event.target.id !== "pin-form") return;
  event.preventDefault();
  postPin();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-pin]");
  if (button) keyPin(button.dataset.pin);
});

/* ---- what is heard while the dialogue stands still: true when it is not to be stored and sent ---- */

/* Keyed so evenly that it was taken for a scan, or for something like one: a PIN must not go where scans go, and
 * whoever keyed it must not be told to scan again. */
function isPin(heard) {
  if (screenNow().dataset.state !== "pin" || !/^\d+$/.test(heard)) return false;
  setPin(heard);
  postPin();
  return true;
}

function heardBeside(code) {
  const { state, byItself } = screenNow().dataset;
  if (isPin(code)) return true;
  if (state !== "locked") return false;
  if (!BADGE.test(code)) {
    refuse("locked");
    return true;
  }
  // Without the network nobody can be asked; who may work here at all is judged when the badge arrives, before the rest.
  if (byItself && hidden && !hidden.dataset.hasPin && (away.isOn || link.dataset.state === "trouble")) {
    show(hidden, false);
    away.isOpened = away.isOn;
  }
  return false;
}

/* ---- the lock ---- */

function used() {
  usedAt = Date.now();
  const lockMs = Number(screenNow().dataset.lockMs);
  if (!lockMs || usedAt - toldAt < Math.min(TOLD_MS, lockMs / 3)) return;
  toldAt = usedAt;
  fetch(kiosk.dataset.screen.replace(/screen$/, "awake"), { method: "POST", credentials: "same-origin", keepalive: true })
    .catch(() => {}); // the next touch tells again
}

function lockByItself() {
  const lockMs = Number(screenNow().dataset.lockMs);
  if (!lockMs || Date.now() - usedAt < lockMs) return;
  const locked = document.getElementById("locked-screen").content.firstElementChild.cloneNode(true);
  hidden = screenNow();
  key("clear");
  show(locked, false);
  refresh(); // another page of this station, or the bench's own scanner, may have been in use
}

for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, used, true);
document.addEventListener("visibilitychange", () => { if (!document.hidden) { lockByItself(); refresh(); } });
setInterval(lockByItself, LOOK_MS);

new MutationObserver(() => {
  pin = "";
  const screen = screenNow();
  if (!screen) return;
  if (!screen.dataset.byItself) {
    hidden = null;
    usedAt = Date.now();
  }
  const field = document.getElementById("pin");
  if (field) field.focus({ preventScroll: true });
}).observe(document.getElementById("screen"), { childList: true });
