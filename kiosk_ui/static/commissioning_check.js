"use strict";
/* What scans of the commissioning sheet say of a scanner. Pure: recorded keys in, checks and rules for wedge.js out.
 *
 * The codes of the sheet are known, so nothing is guessed: keyboards of all countries we know are tried until one
 * makes every recorded code come out as it is printed. What then stands before a code is the prefix, what ends it the
 * suffix. A trace is a list of { what: "down" | "up" | "text", key, code, shiftKey, ctrlKey, altGraph, caps, data, at }. */

const COUNTRIES = Object.keys(LAYOUTS);

/* How a device could read this scanner, the likeliest first. */
const READINGS = [
  {}, { caps: "minded" },
  ...COUNTRIES.flatMap((layout) => [{ layout }, { layout, caps: "minded" }]),
  ...COUNTRIES.flatMap((host) => COUNTRIES.filter((layout) => layout !== host).map((layout) => ({ layout, host }))),
];

/* The text of a trace under some rules, the keys that ended it, and its gaps in ms. */
function readTrace(trace, rules) {
  const reader = keyReader({ gs: "", layout: "", host: "", caps: "", ...rules });
  const ends = [], gaps = [];
  let text = "", last = null;
  for (const step of trace) {
    const event = { ...step, getModifierState: (name) => name === "CapsLock" ? step.caps : name === "AltGraph" && step.altGraph };
    const read = step.what === "text" ? [...step.data].map((character) => "\n\r".includes(character)
      ? { kind: "end", name: "Enter" } : character === "\t" ? { kind: "end", name: "Tab" }
        : { kind: "character", character: reader.text(character) })
      : [step.what === "up" ? reader.up(event) : reader.down(event)];
    for (const { kind, character, name } of read) {
      if (kind === "end") ends.push(name);
      if (kind === "character" || kind === "garbled") text += character;
    }
    if (step.what === "up" || read[0].kind === "untold") continue;
    if (last !== null && !ends.length) gaps.push(step.at - last);
    last = step.at;
  }
  return { text, ends, gaps };
}

/* How a code came out: what stood before it and what came for its separator; null if it did not come out. */
function foundIn(text, code) {
  if (text.endsWith(code)) return { prefix: text.slice(0, text.length - code.length), gs: "" };
  const fields = code.split(SEPARATOR);
  if (fields.length === 1 || !text.endsWith(fields.at(-1))) return null;
  if (text.endsWith(fields.join(""))) return { prefix: text.slice(0, text.length - fields.join("").length), gs: "dropped" };
  const gs = text.at(-1 - fields.at(-1).length), replaced = fields.join(gs);
  return text.endsWith(replaced) ? { prefix: text.slice(0, text.length - replaced.length), gs } : null;
}

/* Which of the sheet's codes a trace is: `codes` { name: code } → name, "" if it cannot be told. */
function nameOf(trace, codes) {
  for (const rules of READINGS) {
    const { text } = readTrace(trace, rules);
    const name = Object.keys(codes).find((one) => foundIn(text, codes[one]));
    if (name) return name;
  }
  return "";
}

const countOf = (trace) => readTrace(trace, {}).text.length;

/* Checks of the scans so far. `traces` { name: trace }, `codes` { name: code } →
 * { checks: [{ name, state: "ok" | "care" | "wrong" | "open", said, values }], rules: for wedge.js, null unless accepted }. */
function judgeScanner(traces, codes) {
  const names = Object.keys(codes), have = names.filter((name) => traces[name]);
  const explains = (rules) => have.filter((name) => foundIn(readTrace(traces[name], rules).text, codes[name])).length;
  const best = READINGS.reduce((found, rules) => explains(rules) > explains(found) ? rules : found, READINGS[0]);
  const reads = Object.fromEntries(have.map((name) => [name, readTrace(traces[name], best)]));
  const found = Object.fromEntries(have.map((name) => [name, foundIn(reads[name].text, codes[name])]));
  const gaps = have.flatMap((name) => reads[name].gaps).sort((one, other) => one - other);
  const speedMs = gaps.length ? Math.round(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length) : 0;
  const checks = [], add = (name, state, said, values = {}) => checks.push({ name, state, said, values });
  const isOpen = (...needed) => needed.some((name) => !traces[name]);

  // Letters and signs tell the country; a letter of the wrong case is no other country's.
  const came = (name) => readTrace(traces[name], {}).text;
  const isWrongCase = have.includes("letters") && !found.letters
    && came("letters").toLowerCase().includes(codes.letters.toLowerCase());
  const hasCaps = have.some((name) => traces[name].some((step) => step.caps));
  if (isOpen("letters")) add("caps", "open", "open");
  else if (isWrongCase) add("caps", "wrong", hasCaps ? "caps_wrong" : "case_wrong");
  else add("caps", hasCaps ? "care" : "ok", hasCaps ? "caps_on" : "caps_off");

  const isForeign = ["letters", "signs"].some((name) => have.includes(name) && !found[name]) && !isWrongCase;
  if (isForeign) add("layout", "wrong", "layout_wrong");
  else if (isOpen("letters", "signs")) add("layout", "open", "open");
  else add("layout", "ok", best.layout ? "layout_traced" : "layout_same", { country: best.layout || "" });

  const ends = have.map((name) => reads[name].ends[0] || "none"), suffix = ends[0];
  if (!have.length) add("suffix", "open", "open");
  else if (ends.includes("none")) add("suffix", "wrong", "suffix_none");
  else if (ends.some((end) => end !== suffix)) add("suffix", "wrong", "suffix_mixed");
  else add("suffix", "ok", suffix === "Tab" ? "suffix_tab" : "suffix_enter");

  const prefixes = have.filter((name) => found[name]).map((name) => found[name].prefix);
  const isAim = prefixes.length > 0 && prefixes.every((prefix) => /^\][A-Za-z][0-9A-Za-z]$/.test(prefix));
  const isSlow = speedMs > WEDGE.fastMs;
  if (!prefixes.length) add("prefix", "open", "open");
  else if (isAim) add("prefix", "ok", "prefix_aim");
  else if (prefixes.some((prefix) => prefix !== prefixes[0])) add("prefix", "wrong", "prefix_mixed");
  else if (prefixes[0].length > 8 || /[0-9A-Za-z]/.test(prefixes[0])) add("prefix", "wrong", "prefix_wrong", { prefix: prefixes[0] });
  else if (prefixes[0]) add("prefix", "ok", "prefix_own", { prefix: prefixes[0] });
  else add("prefix", isSlow ? "wrong" : "care", isSlow ? "prefix_needed" : "prefix_none");

  const gs = found.separator ? found.separator.gs : "";
  if (isOpen("separator")) add("gs", "open", "open");
  else if (!found.separator) add("gs", "wrong", "gs_wrong");
  else if (gs === "dropped") add("gs", "wrong", "gs_dropped");
  else add("gs", "ok", gs ? "gs_sign" : "gs_right", { sign: gs });

  if (isOpen("long")) add("whole", "open", "open");
  else if (found.long) add("whole", "ok", "whole_all", { count: codes.long.length });
  else add("whole", "wrong", "lost", { count: codes.long.length, came: countOf(traces.long) });

  const longest = gaps.at(-1) || 0;
  if (!have.length) add("speed", "open", "open");
  else if (speedMs > WEDGE.charMs || longest > WEDGE.framedMs) add("speed", "wrong", "speed_wrong", { ms: speedMs });
  else if (!isAim && longest > WEDGE.breakMs) add("speed", "wrong", "speed_uneven", { ms: Math.round(longest) });
  else add("speed", isSlow ? "care" : "ok", isSlow ? "speed_slow" : "speed_fast", { ms: speedMs });

  const isAccepted = checks.every(({ state }) => state === "ok" || state === "care");
  const rules = { prefix: isAim ? "aim" : prefixes[0], suffix, gs, layout: best.layout || "", host: best.host || "",
    caps: best.caps || "", speedMs };
  return { checks, rules: isAccepted ? rules : null };
}
