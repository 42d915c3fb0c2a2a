"use strict";
/* Is it a scanner's pace or a person's? Keys with their gaps → a word. Pure. */

/* "scan", "typed" or "unclear". `end.gap` came before the suffix; null without one. `isPart`: of something longer. */
function paceOf(keys, end, rules, isPart) {
  if (keys.some((key) => key.isPersons)) return "typed";
  const hasEnd = end && end !== CUT;
  if (keys.length < (hasEnd && !isPart ? rules.shortest : rules.shortestWithoutSuffix)) return "typed";
  if (keys.some((key) => key.isChunk)) return chunkPace(keys, end);
  const gaps = keys.slice(1).map((key) => key.gap);
  if (hasEnd) gaps.push(end.gap);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const slowest = rules.speedMs ? Math.max(rules.burstMs, 1.6 * rules.speedMs + 10) : rules.charMs * 1.1;
  if (mean > slowest) return "typed";
  if (mean <= (gaps.length >= 6 ? rules.fastMs : rules.burstMs)) return "scan";
  return isEven(keys, gaps, mean) ? "scan" : "typed";
}

/* Above a person's best speed only evenness tells, and the fewer the keys the stricter. Keys that are held equally
 * and shortly are a scanner's too, and allow for a radio that delivers its keys less evenly. */
function isEven(keys, gaps, mean) {
  const held = keys.map((key) => key.upAt === null || key.upAt === undefined ? NaN : key.upAt - key.at);
  const isHeldEvenly = Math.max(...held) <= 0.6 * mean && Math.max(...held) - Math.min(...held) <= 12; // false with a NaN
  const spread = Math.max(...gaps) - Math.min(...gaps);
  if (gaps.length < 5) return false;
  if (isHeldEvenly) return spread <= Math.max(0.45 * mean, 20);
  return spread <= Math.max((gaps.length >= 9 ? 0.2 : 0.12) * mean, 12);
}

/* Whole codes at once: what nobody types, but what a phone's keyboard does too when a proposed word is touched. */
function chunkPace(keys, end) {
  const starts = keys.flatMap((key, place) => place > 0 && key.isChunkStart && keys[place - 1].isChunk ? [place] : []);
  if (starts.some((place) => keys[place - 1].character !== SEPARATOR)) return "unclear"; // two codes, nothing between
  if (keys[0].mark) return end && end.gap <= 50 ? "scan" : "typed";
  return "scan";
}

const needsShift = (key) => /[A-Z!-&(-+:<>?@^_{-~]/.test(key.character);

/* One gap that could be the end of a code that was sent without a suffix. Clocks of 16 ms a tick say nothing of that,
 * and the one capital of a code takes twice as long where shift is not told as a key. */
function hasDoubt(keys) {
  const [longest, next] = keys.slice(1).sort((one, other) => other.gap - one.gap);
  if (!next || longest.gap < 20 || longest.gap < 2 * next.gap || keys.some((key) => key.isText)) return false;
  if (keys.filter((key) => key.gap < 1).length > 0.3 * keys.length) return false;
  return longest.isStepped || !needsShift(longest) || longest.gap > 2.6 * next.gap || keys.slice(1).filter(needsShift).length > 1;
}

/* The parts of what came with a hole in it: three times as long as any other gap, and longer than a hiccup. */
function partsOf(keys) {
  const gaps = keys.slice(1).map((key) => key.gap).sort((one, other) => one - other);
  let longest = null;
  for (let place = Math.floor(gaps.length / 2); place > 0 && place < gaps.length; place++) {
    if (gaps[place] >= Math.max(25, 3 * gaps[place - 1])) {
      longest = gaps[place - 1];
      break;
    }
  }
  if (longest === null || keys.some((key) => key.isText)) return [keys];
  const parts = [[]];
  for (const [place, key] of keys.entries()) {
    if (place > 0 && key.gap > longest) parts.push([]);
    parts.at(-1).push(key);
  }
  return parts;
}

/* Whether the pace changes once and for good, as of two scanners of which the first sends no suffix. */
function hasTwoPaces(keys) {
  if (keys.some((key) => key.isText)) return false;
  for (let place = 5; place <= keys.length - 5; place++) {
    const [before, after] = [keys.slice(0, place), keys.slice(place)];
    const [first, second] = [before, after].map((part) => part.slice(1).map((key) => key.gap));
    if (![first, second].every((gaps) => Math.max(...gaps) <= 1.5 * Math.min(...gaps) + 6)) continue;
    const [slow, fast] = Math.min(...first) > Math.max(...second) ? [first, second] : [second, first];
    const difference = Math.min(...slow) - Math.max(...fast);
    if (difference < 6 || Math.min(...slow) < 1.7 * Math.max(...fast)) continue;
    // Where only the slow ones need shift, shift is why.
    const [slowKeys, fastKeys] = slow === first ? [before, after] : [after, before];
    if (slowKeys.every(needsShift) && !fastKeys.some(needsShift)) continue;
    return true;
  }
  return false;
}
