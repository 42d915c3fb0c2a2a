"use strict";
/* Whether a scan is the right one on a walk this device knows. Pure: no page, no network, no clock.
 * It compares with what the floor has said beforehand and decides nothing more: whatever needs the floor's own word is
 * `needs`, and is not noted. A right scan brings the step it was noted for, so the floor can refuse it at any other. */

const SYMBOLOGY = /^\][A-Za-z][0-9A-Za-z]/;
const ELEMENTS = /^\](C1|e0|d2|Q3|J1)/;
const OWN = /^([LTKBCRMOXYPW])-(.+)-[0-9A-Z]$/;
// GS1 element strings: identifiers whose values have a fixed length; every other one ends at a separator.
const FIXED = { "00": 18, "01": 14, "02": 14, 11: 6, 12: 6, 13: 6, 15: 6, 16: 6, 17: 6, 20: 2, 31: 8, 32: 8, 33: 8, 34: 8, 35: 8, 36: 8 };

/* The walk from where the floor last stood; null where the two do not belong together. */
function walkFrom(tour, standing) {
  if (!tour || !standing || tour.tour !== standing.tour || tour.operator !== standing.operator) return null;
  const isDrop = standing.state === "drop";
  const at = isDrop ? tour.stops.length : tour.stops.findIndex(({ parts }) => parts.some(([task]) => task === standing.task));
  if (at < 0) return null;
  const asks = isDrop ? "" : tour.stops[at].asks;
  const lies = isDrop ? [] : tour.stops[at].lies;
  return { tour, at, state: standing.state, counted: standing.counted, left: standing.left, lies, taken: {}, serials: [], asks };
}

function stopOf(walk) { return walk.tour.stops[walk.at]; }

/* The step a scan is noted for. */
function stepOf(walk) {
  const { operator, tour } = walk.tour, stop = stopOf(walk);
  return { operator, tour, task: stop ? taskOf(stop, walk.left) : 0, state: walk.state, counted: walk.counted };
}

/* A stop of a batch is made for several orders one after the other: what is left is the last ones'. */
function taskOf({ parts }, left) {
  let at = parts.length - 1;
  for (let behind = parts[at][1]; at && behind < left; behind += parts[at][1]) at -= 1;
  return parts[at][0];
}

/* → { walk, noted } for the right scan, { walk } for one that means nothing here, else { refused } or { needs }. */
function judge(walk, code, keyed, isByHand = false) {
  const plain = code.replace(SYMBOLOGY, "").toUpperCase();
  const [, kind, value] = OWN.exec(plain) || [null, "", code];
  if (walk.state === "end" || "CBYKRMOXPW".includes(kind || "-")) return { needs: "needs_network" };
  if (walk.asks) return { needs: `asks.${walk.asks}` };
  const next = HEAR[walk.state](walk, { kind, plain, value, code, keyed, isByHand });
  return next.walk && !next.isSame ? { ...next, noted: stepOf(walk) } : next;
}

const HEAR = {
  location(walk, read) {
    const { place } = stopOf(walk);
    if (read.kind !== "L") return wrong("not_expected", place.code, read.value);
    if (read.plain !== place.barcode) return wrong("wrong_location", place.code, read.value);
    return { walk: { ...walk, state: "item" } };
  },
  item(walk, read) {
    const stop = stopOf(walk);
    if (read.kind === "L" && read.plain === stop.place.barcode) return { walk, isSame: true };
    if (read.kind === "T" && walk.counted && read.plain === stop.tote.barcode) {
      return stop.apart ? { needs: "needs_network" } : { walk: putDown(walk) }; // a part of it sends elsewhere first
    }
    if (read.kind) return wrong("not_expected", stop.item.sku, read.value);
    return take(walk, stop, goodsIn(read.code), read);
  },
  tote(walk, read) {
    const stop = stopOf(walk);
    if (read.kind === "T" && read.plain === stop.tote.barcode) return { walk: putDown(walk) };
    if (read.kind === "T") return wrong("wrong_tote", stop.tote.code, read.value);
    return read.kind ? wrong("not_expected", stop.tote.code, read.value) : wrong("too_many", String(walk.left), read.code);
  },
  drop(walk, read) {
    if (!walk.tour.drops.length) return { needs: "needs_network" }; // another zone takes the cart over
    const drop = walk.tour.drops.find((one) => one.barcode === read.plain);
    if (drop) return { walk: { ...walk, state: "end", at: walk.at + 1 } };
    return wrong(read.kind === "L" ? "wrong_location" : "not_expected", (walk.tour.drops[0] || {}).code, read.value);
  },
};

function wrong(code, expected, got) {
  return { refused: { code, expected: expected || "", got } };
}

function take(walk, stop, goods, { code, keyed, isByHand }) {
  const known = stop.item.barcodes.find(([barcode]) => goods.keys.includes(barcode));
  if (!known) return wrong("wrong_item", stop.item.sku, goods.keys[0]);
  const each = keyed || known[1], free = walk.left - walk.counted;
  if (stop.is_serial && each > 1) return wrong("scan_each", "1", String(each));
  if (stop.item.is_look_alike && isByHand) return wrong("scan_itself", stop.item.sku, code);
  if (stop.item.is_look_alike && each > known[1]) return wrong("scan_each", String(known[1]), String(each));
  if (each > free) return wrong("too_many", String(free), String(each));
  if (stop.is_serial && !goods.serial) return wrong("serial_required", stop.item.sku, goods.keys[0]);
  const counted = walk.counted + each, next = { ...walk, counted, state: counted >= walk.left ? "tote" : "item" };
  const said = goods.serial || goods.lot || goods.expiry;
  if (!said) return { walk: next };
  const left = leftLying(walk), named = among(left, goods);
  if (goods.serial && walk.serials.includes(goods.serial)) return wrong("serial_known", "", said);
  if (!named.length) return wrong("nothing_here", inWords(left[0]), said);
  // A code that fits all that lies here says no more than the item does.
  if (named.length === left.length && !stop.is_serial) return { walk: next };
  const taken = { ...walk.taken };
  for (let wanted = each; wanted > 0;) {
    const one = named.find((lying) => lying.each > 0), front = left.find((lying) => lying.each > 0);
    if (!one) return wrong("short_stock", String(each - wanted), String(each));
    if (one.age > front.age) return wrong("older_first", inWords(front), said);
    const part = Math.min(wanted, one.each);
    one.each -= part;
    wanted -= part;
    taken[one.nth] = (taken[one.nth] || 0) + part;
  }
  return { walk: { ...next, taken, serials: goods.serial ? [...walk.serials, goods.serial] : walk.serials } };
}

/* What still lies here beside the hand; of pieces counted by a plain code it is known only that they were in front. */
function leftLying(walk) {
  const named = Object.values(walk.taken).reduce((sum, each) => sum + each, 0);
  let plain = walk.counted - named;
  return walk.lies.map((one, nth) => {
    const left = one.each - (walk.taken[nth] || 0), front = Math.min(Math.max(plain, 0), left);
    plain -= front;
    return { ...one, nth, each: left - front };
  }).filter((one) => one.each > 0);
}

/* Those that say the same as the code, else those that do not contradict it. */
function among(lies, goods) {
  const said = ["lot", "expiry", "serial"].filter((name) => goods[name]);
  const mayBe = lies.filter((one) => said.every((name) => !one[name] || one[name] === goods[name]));
  const same = mayBe.filter((one) => said.every((name) => one[name] === goods[name]));
  return same.length ? same : mayBe;
}

function inWords(one) { return one ? one.serial || one.lot || one.expiry : ""; }

/* The units in the hand are in the tote: the rest of this stop, the next one, or the way to put the totes down. */
function putDown(walk) {
  const left = walk.left - walk.counted, lies = leftLying(walk), empty = { counted: 0, taken: {}, serials: [] };
  if (left > 0) return { ...walk, ...empty, state: "item", left, lies };
  const here = stopOf(walk), at = walk.at + 1, next = walk.tour.stops[at];
  if (!next) return { ...walk, ...empty, at, state: "drop", left: 0, lies: [], asks: "" };
  const isHere = next.place.code === here.place.code, isSame = isHere && next.item.sku === here.item.sku;
  const state = isHere ? "item" : "location";
  return { ...walk, ...empty, at, state, left: next.left, lies: isSame ? lies : next.lies, asks: next.asks };
}

/* An item's code: the keys it may be known by, and what it says beyond the item. */
function goodsIn(code) {
  const plain = code.replace(SYMBOLOGY, "");
  if (!ELEMENTS.test(code) && !code.includes("\x1d")) return { keys: keysOf(plain), lot: "", expiry: "", serial: "" };
  const found = {};
  for (let rest = plain.replace(/^\x1d/, ""); rest; rest = rest.replace(/^\x1d/, "")) {
    const name = rest.slice(0, 2), until = rest.indexOf("\x1d");
    const end = FIXED[name] ? 2 + FIXED[name] : until < 0 ? rest.length : until;
    found[name] = rest.slice(2, end);
    rest = rest.slice(end);
  }
  return { keys: keysOf(found["01"] || plain), lot: found[10] || "", expiry: dayOf(found[17]), serial: found[21] || "" };
}

function keysOf(text) {
  const isNumber = /^(\d{8}|\d{12,14})$/.test(text);
  return isNumber ? [text, text.padStart(14, "0")] : [text.trim().toUpperCase()];
}

/* YYMMDD; day 00 is the last of its month. */
function dayOf(text) {
  if (!/^\d{6}$/.test(text || "")) return "";
  const [year, month, day] = text.match(/../g).map(Number);
  const moment = new Date(Date.UTC(2000 + year, day ? month - 1 : month, day));
  return moment.toISOString().slice(0, 10);
}
