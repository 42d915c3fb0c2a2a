"use strict";
/* The board: a view in, a page out. The first view comes with the page, the next ones over the live stream, a part
 * at a time; when the stream fails the whole view is asked for every 3 seconds until it stands again. */

const words = JSON.parse(document.getElementById("words").textContent);
const page = document.getElementById("board");
const state = document.getElementById("state");
const POLL_MS = 3000, STREAM_AGAIN_MS = 15000;

const lanesOf = (orders) => orders.reduce((lanes, card) => {
  (lanes[card.state] ||= []).push(card);
  return lanes;
}, {});

let view = JSON.parse(document.getElementById("view").textContent);
view.orders = lanesOf(view.orders);
let clockAhead = 0, poll = 0, etag = "";
let sought = ""; // the order somebody looked for: its card stays marked when the board is drawn anew

function say(kind, code, values = {}) {
  const one = Number(values.count) === 1 ? words[kind][`${code}.one`] : undefined;
  return (one ?? words[kind][code] ?? String(code).replaceAll("_", " ")).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/* An element with classes, text and children; text only ever as text. */
function make(tag, className, ...inside) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...inside.filter((part) => part !== ""));
  return element;
}

function span(ms) {
  const minutes = Math.max(0, Math.floor(ms / 60000)), hours = Math.floor(minutes / 60);
  if (hours >= 24) return say("board", "days", { d: Math.floor(hours / 24), h: hours % 24 });
  if (hours) return say("board", "hours", { h: hours, m: minutes % 60 });
  return say("board", "minutes", { m: minutes });
}

const language = document.documentElement.lang;
const unbroken = (words_) => words_.replaceAll(" ", "\u00a0");
const metres = (dm) => Math.round(dm / 10).toLocaleString(language);

const draw = {
  lanes(counts) {
    for (const [lane, count] of Object.entries(counts)) {
      const shown = document.querySelector(`[data-count="${lane}"]`);
      if (shown) shown.textContent = count.toLocaleString(language);
    }
    for (const lane of Object.keys(counts)) more(lane);
  },
  oldest(lanes) {
    for (const shown of document.querySelectorAll("[data-oldest]")) {
      const since = lanes[shown.dataset.oldest];
      shown.hidden = !since;
      if (since) shown.querySelector("time").dataset.since = since;
    }
  },
  orders(lanes) {
    for (const [lane, cards] of Object.entries(lanes)) {
      const list = document.querySelector(`[data-cards="${lane}"]`);
      if (!list) continue;
      list.replaceChildren(...cards.map(card));
      more(lane);
    }
  },
  tours(tours) {
    fill("tours", [...tours.waves.map(wave), ...tours.active.map((tour) => make("li", "tour",
      way(`/tours/${tour.tour}`, tour.operator || tour.station),
      make("span", "", tour.waits_at ? tour.cart : `${tour.station} · ${tour.cart}`),
      make("span", "", tour.waits_at ? say("board", "waits_for_zone", { place: tour.waits_at, zone: tour.zone }) : tour.location ? say("board", "at", { place: tour.location }) : say("board", "on_way_back")),
      progress(tour.stops_done, tour.stops_total),
      make("span", "tour-walk", [say("board", "walk_left", { metres: metres(tour.walk_left_dm), total: metres(tour.distance_dm) }),
        against(tour), orderCost(tour.free_dm, tour.distance_dm - tour.free_dm), bound(tour)].filter(Boolean).join(" · "))))]);
    const saved = tours.s_shape_dm - tours.distance_dm;
    text("tours-sum", [
      say("board", "tours_waiting", { count: tours.planned }), say("board", "tours_done", { count: tours.done }),
      saved > 0 ? say("board", "saved", { metres: metres(saved) }) : "",
    ].filter(Boolean).join(" · "));
  },
  tasks(tasks) {
    fill("tasks", Object.entries(tasks).map(([kind, count]) =>
      make("li", "", make("b", "number", count.toLocaleString(language)), make("span", "", say("task", kind)))));
  },
  conflicts(count) {
    document.getElementById("conflicts").replaceChildren(count ? way("/conflicts", say("board", "conflicts", { count })) : "");
  },
  prints(prints) {
    const counted = Object.entries(prints.counts).filter(([, count]) => count);
    fill("prints", [
      ...counted.map(([print, count]) => make("li", `print print-${print}`, make("b", "number", String(count)),
        make("span", "", say("print", print)))),
      ...prints.attention.map((print) => make("li", `print print-${print.state}`,
        way(`/prints?state=${print.state}`, print.subject || print.template), make("span", "", `${print.printer}: ${say("print", print.state)}`))),
    ]);
  },
  printers(printers) {
    fill("printers", printers.map((printer) => make("li", `printer printer-${printer.state}`, make("b", "", printer.code),
      make("span", "state", say("printer", printer.state) + (printer.reason ? ` (${say("reason", printer.reason)})` : "")),
      printer.waiting ? make("span", "number", String(printer.waiting)) : "")));
  },
  // What is no printer (those stand above with their state) and needs somebody.
  devices(devices) {
    const others = devices.filter((one) => one.kind !== "printer");
    document.getElementById("devices").replaceChildren(...others.map((one) => make("li",
      `printer printer-${one.kind === "agent" ? "offline" : one.state}`, way("/devices", one.code), make("span", "state",
        one.kind === "agent" ? say("agent_state", one.state)
          : say("device_state", one.state) + (one.reason ? ` (${say("device_reason", one.reason)})` : "")))));
  },
  problems(count) {
    text("problems", count ? say("board", "problems", { count }) : say("board", "no_problems"));
    document.getElementById("problems").classList.toggle("is-open", count > 0);
  },
  stations(stations) {
    fill("stations", stations.map((station) => make("li", "", make("b", "", station.code),
      make("span", "", station.operator ? `${station.operator} · ${say("flow", station.flow)}` : "–"))));
  },
  shorts(shorts) {
    fill("shorts", shorts.map((short) => make("li", "", make("b", "", short.sku),
      make("span", "", say("board", "short_of", { count: short.missing_each, orders: short.orders })))));
  },
};

/* How much less is walked than by simpler orders of the same stops; on walkways there is no S-shape. */
function against(walk) {
  const less = (other) => `${(100 * (walk.distance_dm - other) / (other || 1)).toLocaleString(language, { maximumFractionDigits: 1, signDisplay: "always" })} %`;
  if (!walk.s_shape_dm) return walk.location_order_dm ? say("board", "against_named", { named: less(walk.location_order_dm) }) : "";
  return say("board", "against", { s_shape: less(walk.s_shape_dm), named: less(walk.location_order_dm) });
}

/* What heavy first, fragile last adds to the shortest walk over the same stops. */
function orderCost(freeDm, costDm) {
  return freeDm ? say("board", "order_cost", { metres: metres(costDm) }) : "";
}

/* What is proven: no order of these stops (no carts for these orders) walks less. */
function bound(walk) {
  if (walk.distance_dm === walk.lower_bound_dm) return say("board", "proven");
  return walk.lower_bound_dm ? say("board", "bound", { metres: metres(walk.lower_bound_dm) }) : "";
}

function toFirstCome(one) {
  const less = 100 * (one.distance_dm - one.fifo_s_shape_dm) / (one.fifo_s_shape_dm || 1);
  const percent = less.toLocaleString(language, { maximumFractionDigits: 1, signDisplay: "always" });
  return one.fifo_s_shape_dm ? say("board", "first_come", { percent: `${percent} %` }) : "";
}

function wave(one) {
  return make("li", "wave",
    make("b", "", say("board", "wave", { number: one.wave })),
    make("span", "", say("board", "walk_of", { metres: metres(one.distance_dm) })),
    make("span", "", say("board", "saved_m", { metres: metres(one.location_order_dm - one.distance_dm) })),
    progress(one.tours_done, one.tours),
    make("span", "tour-walk", [against(one), orderCost(one.free_dm, one.order_cost_dm), toFirstCome(one), say("board", "proven_of", { count: one.proven, total: one.tours }),
      one.lower_bound_dm ? bound(one) : ""].filter(Boolean).join(" · ")));
}

function way(address, words_) {
  const element = make("a", "", words_);
  element.href = address;
  return element;
}

function card(order) {
  const isDone = order.state === "shipped" || order.state === "cancelled";
  const since = make("time", "card-since");
  since.dataset.since = order.since_ms;
  const shown = make("li", "card",
    make("b", "card-number", order.number),
    make("span", "card-carrier", [order.country, order.carrier].filter(Boolean).join(" ")), since,
    make("span", "card-lines", 
      `${unbroken(say("board", "lines", { count: order.lines }))} · ${unbroken(say("board", "units", { count: order.units }))}`));
  shown.dataset.order = order.number;
  if (order.number === sought) shown.classList.add("card-found");
  if (order.hold_reason) {
    shown.append(make("span", "card-flag", `${say("hold", order.hold_reason)} ${order.hold_note}`.trim()));
  } else if (order.missing_each && !isDone) {
    shown.append(make("span", "card-flag", say("board", "missing", { count: order.missing_each })));
  }
  if (!isDone) {
    const cutOff = make("time", "card-cut-off");
    cutOff.dataset.cutOff = order.cut_off_at_ms;
    shown.append(cutOff);
  }
  return shown;
}

function progress(done, total) {
  const bar = document.createElement("progress");
  bar.max = total || 1;
  bar.value = done;
  return make("span", "tour-progress", bar, ` ${done}/${total}`);
}

function more(lane) {
  const note = document.querySelector(`[data-more="${lane}"]`);
  if (!note) return;
  const hidden = (view.lanes[lane] || 0) - (view.orders[lane] || []).length;
  note.textContent = hidden > 0 ? say("board", "more", { count: hidden.toLocaleString(language) }) : "";
}

function fill(id, items) {
  document.getElementById(id).replaceChildren(...(items.length ? items : [make("li", "none", say("board", "empty"))]));
}

function text(id, words_) {
  document.getElementById(id).textContent = words_;
}

/* Parts that came replace parts that were; a lane that became empty comes as an empty list. */
function take(parts) {
  const { now_ms, orders, ...others } = parts;
  if (now_ms) clockAhead = now_ms - Date.now();
  Object.assign(view, others);
  if (orders) Object.assign(view.orders, orders);
  for (const [part, value] of Object.entries(others)) if (draw[part]) draw[part](value);
  if (orders) draw.orders(orders);
  tick();
}

function tick() {
  const now = Date.now() + clockAhead;
  for (const shown of document.querySelectorAll("[data-since]")) {
    shown.textContent = span(now - shown.dataset.since);
  }
  for (const shown of document.querySelectorAll("[data-cut-off]")) {
    const left = shown.dataset.cutOff - now;
    shown.textContent = say("board", left >= 0 ? "left_in" : "left_ago", { time: span(Math.abs(left)) });
    shown.classList.toggle("is-late", left < 0);
    shown.classList.toggle("is-near", left >= 0 && left < 3600000);
  }
}

function follow() {
  // The stream may stand on another port of this host; the cookie goes with it all the same.
  const stream = new EventSource(page.dataset.live, { withCredentials: true });
  stream.addEventListener("open", () => {
    clearInterval(poll);
    poll = 0;
    link("live");
  });
  stream.addEventListener("board", (event) => take(JSON.parse(event.data)));
  stream.addEventListener("error", () => {
    if (!poll) poll = setInterval(ask, POLL_MS);
    ask();
    // After a refusal (full, signed off) the browser does not try again by itself.
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, STREAM_AGAIN_MS);
  });
}

async function ask() {
  try {
    const answer = await fetch("/api/v1/board", { headers: etag ? { "If-None-Match": etag } : {} });
    if (answer.ok) {
      etag = answer.headers.get("ETag") || "";
      const whole = await answer.json();
      const empty = Object.fromEntries(Object.keys(whole.lanes).map((lane) => [lane, []]));
      take({ ...whole, orders: { ...empty, ...lanesOf(whole.orders) } });
    }
    if (poll && (answer.ok || answer.status === 304)) link("polling");
    else if (poll) link("stale");
  } catch (error) {
    link("stale");
  }
}

function link(how) {
  if (state.dataset.state === how) return;
  state.dataset.state = how;
  state.textContent = say("board", how, { clock: new Date().toLocaleTimeString(language) });
}

document.getElementById("find").addEventListener("submit", async (event) => {
  event.preventDefault();
  const number = document.getElementById("find-number").value.trim();
  if (!number) return;
  const answer = await fetch(`/api/v1/orders/${encodeURIComponent(number)}`).catch(() => null);
  const order = answer && answer.ok ? await answer.json() : null;
  text("find-answer", order ? say("board", "found", { number, lane: say("lane", order.state) })
    : say("board", "not_found", { number }));
  sought = order ? number : "";
  for (const marked of document.querySelectorAll(".card-found")) marked.classList.remove("card-found");
  const shown = order && document.querySelector(`[data-order="${CSS.escape(number)}"]`);
  if (shown) {
    shown.classList.add("card-found");
    shown.scrollIntoView({ block: "nearest", inline: "center" });
  }
});

take(view);
setInterval(tick, 15000);
follow();
