"use strict";
/* Keys with their times → scans and typed text. Pure: no page and no clock, so that traces can drive it.
 *
 * How a code is framed, in order of trust: a prefix (an AIM identifier `]cm`, or the one commissioning found) and a
 * suffix, at any speed; a suffix alone, if the keys came as no person types; and, from a scanner that was never heard to send
 * a suffix, a pause after such keys. Scanners send 5 to 110 ms a character and people type at 60 to 150, so below
 * 45 ms speed decides and above it evenness does: a scanner's keys come like a clock's, a person's do not, and a
 * person presses the next key before the last one is up.
 * What could be two codes or half a code is told as unclear and never guessed: scanning again costs a second. */

const WEDGE = {
  charMs: 110, fastMs: 45, burstMs: 30, // a character: slowest scanner, faster than any person, and for a few keys only
  breakMs: 150, framedMs: 500, // the longest gap within a code: without, with a prefix
  pauseMs: 250, firstPauseMs: 700, cutMs: 2000, graceMs: 60, overlapMs: 12,
  shortest: 3, shortestWithoutSuffix: 5, longest: 10000,
  prefix: "", suffix: "", gs: "", layout: "", host: "", caps: "", speedMs: 0, // as commissioning found them
};

const CUT = { isCut: true }; // it ended by neither a suffix nor a pause long enough to be one

const AIM_BEGUN = /^\](?:[A-Za-z][0-9A-Za-z]?)?$/, AIM = /^\][A-Za-z][0-9A-Za-z]./s, AIM_ENDS = /\][A-Za-z][0-9A-Fa-f]$/;

/* Every method returns { isOurs, told }: whether the key must do nothing else on the page, and what came of it, each
 * { kind: "scan", code } · { kind: "typed", text } · { kind: "unclear", why, text } with `from`, the mark given with the
 * first key it is about. Times are the events' own, in ms; `now` is when the page heard of them. */
function wedgeMachine(rules = WEDGE) {
  const reader = keyReader(rules);
  let keys = [], spoilt = "", isSuffixHeard = false, isPauseProven = false;
  let lastAt = 0, longestStep = 0, isStepped = false, scannedAt = -Infinity, mixedAt = -Infinity, tailMs = 0, isScannedByPause = false;
  let heardNow = 0, leastLag = 0, mostLag = 0, lateTicks = 0, graceUntil = 0;

  const hasSuffix = () => rules.suffix ? rules.suffix !== "none" : isSuffixHeard;
  const isEnd = (name) => !rules.suffix || rules.suffix === "none" || rules.suffix === name;
  const knowsAim = () => !rules.prefix || rules.prefix === "aim";
  const textOf = (part) => part.map((key) => key.character).join("");
  const typed = (part) => part.length ? [{ kind: "typed", text: part.map((key) => key.raw).join("") }] : [];
  const unclear = (why, part) => [{ kind: "unclear", why, text: textOf(part), from: part[0].mark }];

  function isFramed(text) {
    if (knowsAim()) return AIM.test(text);
    return text.length > rules.prefix.length && text.startsWith(rules.prefix);
  }

  /* It is framed, or may still turn out to be. */
  function mayBeFramed(text) {
    return isFramed(text) || (knowsAim() ? AIM_BEGUN.test(text) : rules.prefix.startsWith(text));
  }

  function waitMs() {
    if (spoilt || hasSuffix()) return rules.cutMs; // only to say that something is missing: keys may come late
    return isPauseProven ? rules.pauseMs : Math.max(rules.pauseMs, rules.firstPauseMs);
  }

  const longestGap = () => mayBeFramed(textOf(keys.slice(0, 16))) && !spoilt ? rules.framedMs : rules.breakMs;

  /* Where a prefix begins that has just been completed behind something else; -1 if none has. */
  function laterPrefix(text) {
    const place = knowsAim() ? (AIM_ENDS.test(text) ? text.length - 3 : -1)
      : text.endsWith(rules.prefix) ? text.length - rules.prefix.length : -1;
    return place > 0 ? place : -1;
  }

  function forget() {
    [keys, spoilt, longestStep, lateTicks, graceUntil] = [[], "", 0, 0, 0];
    leastLag = mostLag = heardNow - lastAt;
  }

  function step(at, now) {
    if (keys.length) longestStep = Math.max(longestStep, at - lastAt);
    lastAt = at;
    heardNow = now;
    leastLag = Math.min(leastLag, now - at);
    mostLag = Math.max(mostLag, now - at);
    lateTicks = graceUntil = 0;
  }

  /* One character. Its gap is the longest step since the one before: shift and the like are steps too. */
  function hear(key) {
    const told = [];
    const gap = keys.length ? longestStep : 0;
    if (keys.length && gap > longestGap()) told.push(...close(gap >= waitMs() ? null : CUT));
    if (!keys.length) {
      // A pause was taken for the end and the rest comes now: it must not become a code of its own.
      const isRest = isScannedByPause && key.at - scannedAt <= rules.breakMs;
      forget();
      if (isRest) spoilt = "cut";
      if (key.at - mixedAt <= rules.breakMs) spoilt = "two";
    }
    if (keys.length >= rules.longest) return told;
    keys.push({ ...key, gap: keys.length ? gap : 0, upAt: null, isStepped });
    [longestStep, isStepped] = [0, false];
    const text = textOf(keys.slice(-40)), place = laterPrefix(text);
    if (place < 0 || spoilt) return told;
    const first = keys.length - (text.length - place), before = keys.slice(0, first), joint = keys[first].gap;
    if (!isFramed(textOf(before))) {
      told.push(...settle(before, null));
    } else if (joint > rules.breakMs) {
      told.push(...unclear("cut", before));
    } else if (hasSuffix() || joint < 1.2 * Math.max(...before.slice(1).map((key) => key.gap))) {
      spoilt = "two"; // a prefix within a code: two scanners at once, their characters mixed
      return told;
    } else {
      told.push(...settle(before, null));
    }
    keys = keys.slice(first);
    return told;
  }

  /* What has been heard so far is over: by a suffix (`end.gap` after the last character), by silence, or cut. */
  function close(end) {
    const heard = keys, why = spoilt;
    forget();
    if (!heard.length) return [];
    return why ? unclear(why, heard) : settle(heard, end);
  }

  function settle(heard, ending) {
    const end = ending || (hasSuffix() ? CUT : null);
    const text = textOf(heard);
    if (isFramed(text)) return framed(heard, text, end);
    if (knowsAim() && AIM_BEGUN.test(text)) return typed(heard); // an identifier and nothing behind it
    // What came before a gap that no scanner makes is not part of it.
    const start = heard.findLastIndex((key, place) => place > 0 && key.gap > rules.breakMs);
    const before = start > 0 ? heard.slice(0, start) : [], rest = start > 0 ? heard.slice(start) : heard;
    const isLate = end && end.gap > (rest.some((key) => key.isChunk) && !rest[0].mark ? rules.framedMs : rules.breakMs);
    if (isLate) return typed(heard);
    return [...typed(before), ...unframed(rest, end)];
  }

  function framed(heard, text, end) {
    if (heard.some((key) => key.isGarbled || key.isRepeat)) return unclear("garbled", heard);
    // Half a code and then another scanner's: a hole that stands out, at whatever speed.
    const [longest, next = longest] = heard.slice(1).map((key) => key.gap).sort((one, other) => other - one);
    if (longest > rules.breakMs && longest >= 2 * next) return unclear("cut", heard);
    if (knowsAim() && isMixed(heard, end)) return unclear("two", heard);
    return scanned(knowsAim() ? text : text.slice(rules.prefix.length), heard, end);
  }

  /* Whether another scanner's identifier begins within: its bracket stands between two keys of a usual gap. */
  function isMixed(heard, end) {
    const gaps = heard.slice(1).map((key) => key.gap);
    gaps.push(end && end !== CUT ? end.gap : Infinity);
    return heard.some((key, place) => {
      if (place < 3 || key.character !== "]") return false;
      const usual = gaps.slice(0, place - 1).sort((one, other) => one - other)[Math.floor((place - 1) / 2)];
      return gaps[place - 1] + gaps[place] <= 1.4 * usual;
    });
  }

  function unframed(heard, end) {
    const parts = partsOf(heard);
    if (parts.length > 1) {
      const isMachine = paceOf(parts.at(-1), end, rules, true) === "scan";
      if (!isMachine) return typed(heard);
      const areWhole = !end && !rules.prefix && parts.every((part) => paceOf(part, null, rules, false) === "scan");
      if (areWhole) return parts.flatMap((part) => scanned(textOf(part), part, null));
      const first = parts.slice(0, -1).findIndex((part) => paceOf(part, null, rules, true) === "scan");
      const from = first < 0 ? parts.length - 1 : first;
      return [...typed(parts.slice(0, from).flat()), ...unclear("pace", parts.slice(from).flat())];
    }
    const pace = paceOf(heard, end, rules, false);
    if (pace === "typed") return typed(heard);
    if (pace === "unclear" || hasTwoPaces(heard) || hasDoubt(heard)) return unclear("pace", heard);
    if (heard.some((key) => key.isGarbled)) return unclear("garbled", heard);
    if (rules.prefix) return unclear("stranger", heard); // as fast as a scanner, without this one's prefix
    return scanned(textOf(heard), heard, end);
  }

  function scanned(code, heard, end) {
    if (end === CUT) return unclear("cut", heard);
    if (end) isSuffixHeard = true;
    else isPauseProven = true;
    isScannedByPause = !end;
    scannedAt = end ? end.at : heard.at(-1).at;
    tailMs = Math.max(30, 2 * (end ? end.gap : heard.at(-1).gap));
    return [{ kind: "scan", code, from: heard[0].mark }];
  }

  /* A key that is still down, where others were let go, is under a finger. */
  function markHeld() {
    const last = keys.at(-1);
    if (last.id && last.upAt === null && keys.some((key) => key.upAt !== null)) last.isPersons = true;
  }

  function end(name, at, mark) {
    if (!keys.length) {
      const isTail = at >= scannedAt && at - scannedAt <= tailMs; // CR and LF, or Enter and Tab: the second presses no button
      if (isTail && isScannedByPause) isSuffixHeard = true;
      return { isOurs: isTail, told: [] };
    }
    if (spoilt) return { isOurs: true, told: [] };
    if (!isEnd(name)) return { isOurs: false, told: close({ gap: Infinity, at }) };
    const gap = longestStep;
    if (at - keys.at(-1).at > rules.overlapMs) markHeld();
    const told = close({ gap, at });
    if (told.some((one) => one.why === "two")) mixedAt = at;
    const isScan = told.some((one) => one.kind !== "typed");
    return { isOurs: isScan || (!mark && gap <= rules.framedMs), told };
  }

  return {
    forget,
    /* The form it was put into was sent by a touch: no part of what comes next. Keys so shortly before a touch may be the
     * first half of a scan, and what comes behind them the other half, which must not become a code of its own. */
    sent() {
      if (!keys.length || !keys.every((key) => key.mark)) return { isOurs: false, told: [] };
      if (!keys.every((key) => key.isChunk)) mixedAt = lastAt;
      const heard = keys;
      forget();
      return { isOurs: false, told: typed(heard) };
    },
    /* One keydown. `mark`: what the page needs to take the key back out of a field; null outside of fields. */
    down(event, now, mark = null) {
      const at = event.timeStamp, what = reader.down(event);
      if (what.kind === "untold") return { isOurs: false, told: [] };
      if (what.kind === "held" || what.kind === "part") {
        if (!event.repeat) step(at, now);
        isStepped = true;
        return { isOurs: what.kind === "part" && !mark && keys.length > 0, told: [] };
      }
      if (what.kind === "end") {
        step(at, now);
        return end(what.name, at, mark);
      }
      // A space begins no code but presses a focused button; F8 and Ctrl+`+` begin none either, they are the browser's.
      const isLeft = what.isGuess ? !keys.length || at - lastAt > longestGap() : what.character === " " && !mark && !keys.length;
      if (what.kind === "other" || isLeft) {
        return { isOurs: false, told: what.kind === "other" && keys.length ? close({ gap: Infinity, at }) : [] };
      }
      step(at, now);
      const id = event.code || event.key.toLowerCase();
      const key = { character: what.character, raw: what.raw, id, at, mark, isGarbled: what.kind === "garbled",
        isRepeat: Boolean(event.repeat), isPersons: Boolean(event.repeat) };
      return { isOurs: !mark || Boolean(what.isGuess), told: hear(key) };
    },
    /* One keyup: how long keys are held, and whether over the next one, tells a person from a scanner. */
    up(event, now, mark = null) {
      const at = event.timeStamp, what = reader.up(event);
      if (what.kind !== "other") {
        step(at, now);
        return { isOurs: true, told: hear({ character: what.character, raw: what.raw, id: "", at, mark,
          isGarbled: what.kind === "garbled" }) };
      }
      const id = event.code || (event.key || "").toLowerCase();
      const place = keys.findLastIndex((key) => key.id === id && key.upAt === null);
      if (place < 0) return { isOurs: false, told: [] };
      keys[place].upAt = at;
      if (place + 1 < keys.length && at - keys[place + 1].at > rules.overlapMs) keys[place].isPersons = true;
      return { isOurs: false, told: [] };
    },
    /* Text an Android scanner service puts in without telling which keys: the whole code, or a character at a time. */
    text(text, at, now, mark = null) {
      const told = [], characters = [...(text || "")];
      const isChunk = characters.length >= rules.shortest;
      step(at, now);
      for (const [place, character] of characters.entries()) {
        if (character === "\n" || character === "\r" || character === "\t") {
          told.push(...end(character === "\t" ? "Tab" : "Enter", at, mark).told);
          continue;
        }
        const meant = reader.text(character);
        told.push(...hear({ character: meant, raw: character, id: "", at, mark, isGarbled: meant === "\ufffd",
          isText: true, isChunk, isChunkStart: isChunk && place === 0 }));
      }
      return { isOurs: !mark, told };
    },
    /* Time has passed. A timer may come before keys that waited with it while the page stood still: they get a turn. */
    tick(now) {
      const due = this.due();
      if (due === null || now < due) return { isOurs: false, told: [] };
      if ((!graceUntil || now - due > rules.graceMs / 2) && ++lateTicks < 6) {
        graceUntil = now + rules.graceMs;
        return { isOurs: false, told: [] };
      }
      markHeld();
      return { isOurs: false, told: close(null) };
    },
    /* When to tick: silence as the keys' own times and as the page heard it, longer where keys came late. */
    due() {
      if (!keys.length) return null;
      if (graceUntil) return graceUntil;
      return Math.max(lastAt, heardNow) + waitMs() + Math.min(2 * (mostLag - leastLag), 2000);
    },
  };
}
