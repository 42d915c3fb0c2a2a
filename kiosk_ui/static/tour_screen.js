"use strict";
/* The screens of a walk without the network, in the shapes and words the server gave beforehand. Each says on top that
 * nothing on it is confirmed; none uses what stands for the floor's own yes: not its word, its colour, nor its sound. */

function make(tag, name, ...content) {
  const element = document.createElement(tag);
  element.className = name;
  element.append(...content);
  return element;
}

/* `walk` is null where there is none to go on with. `verdict`: { noted } or { refused } or { needs }, or nothing. */
function drawAway(walk, verdict, code, waiting, isSending) {
  const before = current(), step = walk ? walk.state : "none";
  const hasKeypad = step === "item" && !stopOf(walk).item.is_look_alike;
  const screen = make("div", "screen flow-pick is-away");
  Object.assign(screen.dataset, {
    words: before.dataset.words, scanId: before.dataset.scanId, outcome: verdict && verdict.noted ? "noted" : "", flow: "pick", state: step,
    quantity: hasKeypad ? "item" : "", refresh: "",
    lockMs: before.dataset.lockMs || "", hasPin: before.dataset.hasPin || "",
  });
  screen.lang = before.lang;
  const task = make("section", "task", ...(walk ? DRAW[step](walk, wordsOf(walk)) : [make("h1", "prompt", say("no_tour"))]));
  if (hasKeypad && !walk.asks) task.append(keypadOf(walk.tour));
  const head = before.querySelector(".head").cloneNode(true);
  if (walk) head.querySelector(".head-flow").textContent = wordsOf(walk)("flow");
  screen.append(head, banner(walk, waiting, isSending));
  if (verdict) screen.append(verdictOf(walk, verdict, code));
  const codes = walk && !walk.asks ? codesOf(walk) : [];
  screen.append(make("div", "stage", task, ...(codes.length ? [panelOf(codes, wordsOf(walk))] : [])));
  rememberPanel(screen);
  screenRoot.replaceChildren(screen);
  const way = screen.querySelector(".walk");
  if (way) hangWalk(way); // it is framed by its own height
  if (verdict) document.getElementById("spoken").textContent = screen.querySelector("[data-verdict]").textContent;
}

/* The words of the walk, with their numbers filled in. */
function wordsOf(walk) {
  const words_ = walk.tour.words;
  return (key, values = {}) => ((Number(values.count) === 1 && words_[`${key}.one`]) || words_[key] || key)
    .replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function banner(walk, waiting, isSending) {
  const line = make("p", "notice notice-away", make("strong", "", say("offline")), ` · ${say("not_confirmed")} `, make("b", ""));
  line.id = "away";
  line.setAttribute("role", "status");
  countDown(line, walk, waiting, isSending);
  return line;
}

function countDown(line, walk, count, isSending) {
  line.lastElementChild.textContent = !count ? "" : walk ? wordsOf(walk)(isSending ? "sending" : "scans_wait", { count })
    : say("waiting_scans", { count });
}

function verdictOf(walk, verdict, code) {
  const word = walk ? wordsOf(walk) : () => say("not_confirmed");
  const box = make("div", `verdict verdict-${verdict.noted ? "noted" : "rejected"}`);
  box.dataset.verdict = "";
  box.append(make("strong", "verdict-mark", verdict.noted ? say("noted") : say("rejected")));
  if (verdict.noted) box.append(make("bdi", "", code.replace(SYMBOLOGY, "").replace(OWN, "$2").slice(0, 60)));
  else if (verdict.needs) box.append(make("span", "verdict-words", word(verdict.needs)));
  else {
    const { code: why, expected, got } = verdict.refused;
    box.append(make("span", "verdict-words", word(`reject.${why}`)));
    for (const [side, text] of [["expected", expected], ["got", got]]) {
      if (!text) continue;
      const own = `screen.${side}.${why}`, label = walk.tour.words[own] ? word(own) : word(`screen.${side}`);
      box.append(make("span", "verdict-pair", make("b", "", label), " ", make("bdi", "", text.slice(0, 60))));
    }
  }
  return box;
}

/* What could be scanned now, for whoever has no scanner. */
function codesOf(walk) {
  const stop = stopOf(walk);
  if (walk.state === "drop") return walk.tour.drops.slice(0, 1).map((one) => [one.code, one.barcode]);
  if (walk.state === "location") return [[stop.place.code, stop.place.barcode]];
  if (walk.state === "item") return stop.item.is_look_alike ? [] : [[stop.item.sku, stop.item.barcode]];
  return walk.state === "tote" ? [[stop.tote.code, stop.tote.barcode]] : [];
}

function panelOf(codes, word) {
  const buttons = codes.map(([label, code]) => {
    const button = make("button", "barcode", make("span", "barcode-label", label), make("span", "barcode-text", code));
    button.type = "button";
    button.dataset.code = code;
    return button;
  });
  const panel = make("details", "panel", make("summary", "", word("screen.panel")), make("div", "panel-codes", ...buttons));
  panel.id = "panel";
  return make("section", "side", panel);
}

function written(count) { return count.toLocaleString(document.documentElement.lang); }

function dayWritten(text) {
  return text && new Date(`${text}T00:00`).toLocaleDateString(document.documentElement.lang,
    { day: "numeric", month: "short", year: "numeric" });
}

const DRAW = {
  location(walk, word) {
    const stop = stopOf(walk), next = walk.tour.stops[walk.at + 1];
    return [
      make("h1", "prompt", word("prompt.location")), placeOf(stop.place, word),
      make("p", "take", make("span", "", word("screen.take_n")), " ", make("b", "", written(walk.left)), " ",
        make("span", "", stop.item.name || stop.item.sku)),
      ...asksOf(walk, word), progressOf(walk, word), aheadOf(stop, next, word), ...wayOf(walk, word),
    ];
  },
  item(walk, word) {
    const stop = stopOf(walk), left = walk.left - walk.counted;
    const lies = leftLying(walk)[0] || {};
    return [
      make("h1", "prompt", word("prompt.item")), quantityOf(left, word("screen.pieces", { count: left })),
      make("p", "goods", make("b", "goods-name", stop.item.name || stop.item.sku), " ", make("span", "code", stop.item.sku)),
      ...(stop.item.is_look_alike ? [make("p", "notice", word("screen.look_alike"))] : []),
      ...(walk.counted ? [countedOf(walk, word)] : []), ...asksOf(walk, word),
      factsOf([[word("screen.at"), stop.place.code], [word("screen.serial"), lies.serial], [word("screen.lot"), lies.lot],
        [word("screen.best_before"), dayWritten(lies.expiry)]]),
      progressOf(walk, word),
    ];
  },
  tote(walk, word) {
    const stop = stopOf(walk);
    return [
      make("h1", "prompt", word("prompt.tote")),
      make("div", "onto-cart",
        make("p", "quantity", make("span", "", word("screen.place_on_cart")), " ", make("b", "quantity-number", String(stop.position))),
        ...cartOf(walk.tour.cart, stop.position)),
      countedOf(walk, word),
      factsOf([[word("screen.tote"), stop.tote.code], [word("screen.order"), stop.order],
        [word("screen.item"), stop.item.name || stop.item.sku]]),
    ];
  },
  drop(walk, word) {
    const [first] = walk.tour.drops;
    return [make("h1", "prompt", word("prompt.drop")), ...(first ? [namedPlace(first.code)] : []),
      factsOf([[word("screen.totes"), walk.tour.totes.join(", ")]])];
  },
  end(walk, word) {
    return [make("h1", "prompt", word("all_noted")), make("p", "aim aim-big", word("next_work"))];
  },
};

function placeOf(place, word) {
  if (!place.aisle && !place.bay) return namedPlace(place.code);
  const parts = ["aisle", "bay", "level"].map((name) =>
    make("span", "place-part", make("small", "", word(`screen.${name}`)), make("b", "", String(place[name]))));
  const drawn = make("div", "place", ...parts);
  drawn.setAttribute("aria-label", place.code);
  return drawn;
}

function namedPlace(code) {
  return make("div", "place place-named", make("b", `name-${code.length > 8 ? "long" : "short"}`, code));
}

function quantityOf(count, words_) {
  const number = make("b", "quantity-number", written(count));
  number.dataset.digits = String(count).length;
  return make("p", "quantity", number, " ", make("span", "", words_));
}

function countedOf(walk, word) {
  return make("p", "aim aim-big", `${word("screen.counted", { count: walk.counted })} ${word("screen.of")} ${walk.left}`);
}

function factsOf(pairs) {
  return make("dl", "facts", ...pairs.filter(([, text]) => text)
    .map(([name, text]) => make("div", "", make("dt", "", name), make("dd", "", text))));
}

function asksOf(walk, word) {
  return walk.asks ? [make("p", "notice", word(`asks.${walk.asks}`))] : [];
}

function progressOf(walk, word) {
  const total = walk.tour.stops.length, bar = document.createElement("progress");
  bar.max = total;
  bar.value = walk.at;
  return make("p", "progress", bar, make("span", "", word("screen.stops_done", { done: walk.at, total })));
}

function aheadOf(stop, next, word) {
  const said = [word("screen.walk_m", { metres: written(Math.floor((stop.walk_left_dm + 5) / 10)) })];
  if (next && next.place.code !== stop.place.code) said.push(word("screen.then", { place: next.place.code }));
  const line = make("p", "aim", said.join(" · "));
  line.classList.add("ahead");
  return line;
}

/* The picture the floor drew last, while it is of this walk. */
function wayOf(walk, word) {
  if (!floorMap.drawn || floorMap.tour !== walk.tour.tour) return [];
  const way = make("button", "walk");
  way.type = "button";
  way.dataset.kept = "";
  way.setAttribute("aria-label", word("screen.walk_map"));
  way.setAttribute("aria-expanded", "false");
  moveRing(stopOf(walk).place);
  return [way];
}

function keypadOf(tour) {
  return drawnFrom(tour.keypad, "#keypad");
}

/* The cart as the floor draws it, the place marked here. */
function cartOf(drawn, position) {
  const cart = drawn && drawnFrom(drawn, "svg"), place = cart && cart.querySelectorAll("g")[position - 1];
  if (!place) return [];
  const tote = place.querySelector("path"), arrow = tote.cloneNode();
  place.setAttribute("class", "cart-here");
  tote.setAttribute("d", "M0 3H44L40 31H4Z");
  arrow.setAttribute("class", "cart-arrow");
  arrow.setAttribute("d", "M15 -5H29L22 4Z");
  tote.after(arrow);
  cart.setAttribute("aria-hidden", "true"); // the number stands beside it
  return [cart];
}

function drawnFrom(html, what) {
  return document.adoptNode(new DOMParser().parseFromString(html, "text/html").querySelector(what));
}
