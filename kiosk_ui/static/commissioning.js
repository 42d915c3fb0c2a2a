"use strict";
/* The page that checks a scanner: records what it sends for the sheet's codes, shows the checks, keeps what was found. */

const commission = document.getElementById("commission");
const codes = Object.fromEntries(JSON.parse(document.getElementById("codes").textContent)); // in the order of the page
const words = JSON.parse(document.getElementById("words").textContent);
const catcher = document.getElementById("catch");
const QUIET = { endMs: 600, stallMs: 1500 }; // after a suffix, and where a slow machine may yet bring more
const LEAST_KEYS = 5;
const MARKS = { ok: "✓", care: "!", wrong: "✗", open: "…" };

const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

let traces = {}, steps = [], timer = 0;

const current = () => Object.keys(codes).find((name) => !traces[name]) || "";

function record(what, event) {
  steps.push({ what, key: event.key || "", code: event.code || "", shiftKey: Boolean(event.shiftKey), data: event.data || "",
    ctrlKey: Boolean(event.ctrlKey), isComposing: Boolean(event.isComposing), at: event.timeStamp,
    caps: stateOf(event, "CapsLock"), altGraph: stateOf(event, "AltGraph") });
  clearTimeout(timer);
  const hasEnd = steps.some(({ key, data }) => key === "Enter" || key === "Tab" || /[\n\r\t]/.test(data));
  timer = setTimeout(take, hasEnd ? QUIET.endMs : QUIET.stallMs);
}

/* Silence: the scan is over. A few keys are somebody at the keyboard. */
function take() {
  const trace = steps;
  steps = [];
  if (countOf(trace) < LEAST_KEYS) return;
  const name = nameOf(trace, codes) || current() || nearest(countOf(trace));
  traces[name] = trace;
  show();
}

/* With every code scanned: the one of about this length is being scanned again. */
function nearest(count) {
  const offBy = (name) => Math.abs(codes[name].length - count);
  return Object.keys(codes).reduce((found, name) => offBy(name) < offBy(found) ? name : found);
}

function show() {
  const { checks, rules } = judgeScanner(traces, codes), isWrong = checks.some(({ state }) => state === "wrong");
  for (const item of document.querySelectorAll("[data-code]")) {
    const name = item.dataset.code;
    item.classList.toggle("is-done", Boolean(traces[name]));
    if (name === current()) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
    item.querySelector("output").textContent = traces[name] ? say("came", { code: shownText(readTrace(traces[name], {}).text) }) : "";
  }
  document.getElementById("checks").replaceChildren(...checks.map(drawn));
  const state = rules ? "accepted" : isWrong ? "refused" : "going_on";
  if (rules) keep(rules);
  const verdict = document.getElementById("verdict");
  verdict.className = `verdict verdict-${{ accepted: "applied", refused: "rejected", going_on: "heard" }[state]}`;
  verdict.querySelector("strong").textContent = say(state);
  verdict.querySelector("span").textContent = say(`${state}_words`);
  commission.dataset.state = state;
}

function drawn({ name, state, said, values }) {
  const row = document.createElement("li"), mark = document.createElement("b"), what = document.createElement("span");
  row.className = `check check-${state}`;
  row.dataset.check = name;
  mark.textContent = MARKS[state];
  mark.setAttribute("aria-label", say(`state_${state}`));
  what.textContent = `${say(name)}: ${say(said, { ...values, country: values.country ? say(`country_${values.country}`) : "" })}`;
  row.append(mark, what);
  return row;
}

const shownText = (text) => text.replaceAll(SEPARATOR, " <GS> ").slice(0, 100);

function keep(rules) {
  localStorage.setItem(SCANNER_KEPT_AS, JSON.stringify({ rules, checked_at: new Date().toISOString() }));
  document.getElementById("forget").hidden = false;
}

document.addEventListener("keydown", (event) => {
  const isAlone = !steps.length && (event.key.length > 1 || event.key === " ");
  if (event.key === "Unidentified" || event.key === "Process") return;
  if (isAlone && !["Shift", "Alt", "Control", "AltGraph"].includes(event.key)) return; // Tab, Enter, F5: the person's own
  record("down", event);
  if (event.key.length === 1 ? !event.metaKey && (!event.ctrlKey || steps.length > 2) : steps.length > 2) event.preventDefault();
}, true);
document.addEventListener("keyup", (event) => { if (steps.length) record("up", event); }, true);
document.addEventListener("beforeinput", (event) => {
  if (event.inputType === "insertText") record("text", event);
}, true);
catcher.addEventListener("input", () => { catcher.value = ""; });
catcher.addEventListener("blur", () => rest());

function rest() {
  if (matchMedia("(pointer: coarse)").matches) catcher.focus({ preventScroll: true });
}

document.getElementById("again").addEventListener("click", (event) => {
  event.currentTarget.blur();
  [traces, steps] = [{}, []];
  show();
});
document.getElementById("forget").addEventListener("click", (event) => {
  localStorage.removeItem(SCANNER_KEPT_AS);
  event.currentTarget.hidden = true;
});
document.getElementById("forget").hidden = !localStorage.getItem(SCANNER_KEPT_AS);
show();
rest();
