"use strict";
/* Keystrokes of a wedge scanner → codes.
 *
 * How a code is framed, in order of trust: an AIM prefix `]cm` and a suffix (at any speed); a suffix alone, if the
 * keys came faster than a person types; and, from a scanner that was never heard to send a suffix, a pause after
 * fast keys. Scanners send 10 to 100 ms a character, so a person's typing and a scan overlap in speed: timing is
 * the last resort. Nothing is glued across a long gap: half a code must not become the head of the next one. */

const WEDGE = { glueMs: 500, charMs: 110, pauseMs: 250, shortest: 3, shortestWithoutSuffix: 5, longest: 10000 };

function hearWedge(onCode, rules = WEDGE) {
  let typed = "", first = 0, last = 0, timer = 0, suffixKnown = false;

  const isFramed = () => /^\][A-Za-z][0-9A-Za-z]./.test(typed);
  const isFast = () => (last - first) / Math.max(typed.length - 1, 1) <= rules.charMs;

  function forget() {
    clearTimeout(timer);
    typed = "";
  }

  function hear(character, at) {
    if (typed && at - last > rules.glueMs) forget();
    if (!typed) first = at;
    last = at;
    if (typed.length < rules.longest) typed += character;
    clearTimeout(timer);
    if (!suffixKnown) timer = setTimeout(pause, rules.pauseMs);
  }

  function pause() {
    const code = typed, isScan = code.length >= rules.shortestWithoutSuffix && isFast();
    if (!isScan) return;
    forget();
    onCode(code);
  }

  function suffix(at) {
    const code = typed, isScan = code.length >= rules.shortest && at - last <= rules.glueMs && (isFramed() || isFast());
    forget();
    if (!isScan) return;
    suffixKnown = true;
    onCode(code);
  }

  return {
    forget,
    /* One keydown; true when it belongs to a scan and must not do anything else on the page. */
    key(event) {
      if ((event.key === "Enter" || event.key === "Tab") && typed) {
        suffix(event.timeStamp);
        return true;
      }
      // GS arrives as Ctrl+] from a keyboard; without it the fields of a GS1 code would run together.
      if (event.key === "\u001d" || (event.ctrlKey && event.key === "]")) {
        hear("\u001d", event.timeStamp);
        return true;
      }
      // Alt is not looked at: some handhelds report it with every key.
      if (event.key.length !== 1 || event.ctrlKey || event.metaKey) return false;
      if (event.key === " " && !typed) return false; // a space begins no code, but it presses a focused button
      hear(event.key, event.timeStamp);
      return true;
    },
    /* Text that an Android scanner service puts in without telling which keys; `ends` when it sent Enter. */
    text(text, at, ends) {
      for (const character of text || "") hear(character, at);
      if (ends && typed) suffix(at);
    },
  };
}
