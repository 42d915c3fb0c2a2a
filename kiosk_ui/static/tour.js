"use strict";
/* The walk without the network. What the floor last answered, the walk it gave, and the scans that wait say where the
 * device stands; so a reload stands there again. From then on each scan is compared with the walk: a right one is put
 * into the queue with the step it was made for and shown as noted, a wrong one is refused here and never sent. When
 * the floor answers again the queue goes out in order, and its own screen comes back with the last answer. */

const PROBE_MS = 3000;
const isKeptPage = "kept" in document.documentElement.dataset; // the worker's copy, not the server's page

let floorAt = null; // where the floor stood when it answered last, before the first scan that waits
let tour = null, tourOf = "", isTakenUp = false;
let unseen = []; // scans without an answer yet, in the order they were pulled
let run = null; // those that waited off the walks: how many were answered, and which was refused first
const away = { isOn: false, walk: null, sent: 0, total: 0, stoppedAt: 0, refusal: null, isSending: false, isOpened: false };

function standingOf(screen) {
  return JSON.parse(screen.dataset.standing || "null");
}

/* At the start: with scans still waiting, what was kept with them holds, for the page may know their effect already. */
async function takeUp(screen) {
  const queue = await ready, { scans, at } = await queue.whole();
  tour = await queue.kept("tour");
  const picture = await queue.kept("picture");
  if (picture && !floorMap.drawn) takeWalk("", picture.text, picture.tour);
  unseen = [...scans.map(({ scan_id }) => ({ scan_id, at: -Infinity })), ...unseen];
  floorAt = at;
  isTakenUp = true;
  if (!isKeptPage) stoodAt(screen).catch(report);
  if (isKeptPage || scans.some((scan) => scan.noted)) await goAway();
}

/* After a screen of the server's stands. */
async function stoodAt(screen) {
  if (!isTakenUp) return; // nor is a kept page's screen what the floor says now
  const queue = await ready, standing = standingOf(screen);
  if (!await queue.count() && JSON.stringify(standing) !== JSON.stringify(floorAt)) {
    floorAt = standing;
    await queue.keep("at", standing);
  }
  if (!standing) return;
  const wanted = [standing.operator, standing.tour, standing.task, standing.tote].join();
  if (tourOf === wanted) return;
  tourOf = wanted;
  const answer = await fetch(kiosk.dataset.tour, { credentials: "same-origin" }).catch(() => null);
  const got = answer && answer.status === 200 ? await answer.json().catch(() => null) : null;
  if (got) await queue.keep("tour", tour = got);
  else tourOf = "";
}

/* Stores a scan; without the network only the right one, and before anything of it is shown. */
async function keepScan(entry) {
  const queue = await ready;
  if (!away.isOn) {
    // Made for what the one before it would bring, which nobody could see: where that did not count, nor does this.
    const [oldest] = unseen, last = unseen[unseen.length - 1];
    if (oldest && (isUnreached || performance.now() - oldest.at > UNSEEN_MS)) entry.after = last.scan_id;
    return putUnseen(queue, entry);
  }
  if (away.isOpened) {
    // The badge that opened the lock goes before what is scanned after it: the floor may have locked meanwhile too.
    away.isOpened = false;
    entry.opens = true;
    await putUnseen(queue, entry);
    away.total += 1;
    return drawNow(null, "");
  }
  const verdict = !away.walk ? { needs: "needs_network" } : away.stoppedAt ? { needs: "while_sending" }
    : judge(away.walk, entry.code, entry.qty_each, entry.by_hand);
  if (verdict.noted) {
    entry.noted = verdict.noted;
    await putUnseen(queue, entry);
    away.total += 1;
  }
  if (verdict.walk) away.walk = verdict.walk;
  await drawNow(verdict.isSame ? null : verdict, entry.code);
  if (verdict.noted) tellNoted();
  else if (!verdict.isSame) tell("rejected", verdictWords());
}

async function putUnseen(queue, entry) {
  await queue.put(entry);
  unseen.push({ scan_id: entry.scan_id, at: performance.now() });
}

function seen(entry) {
  unseen = unseen.filter(({ scan_id }) => scan_id !== entry.scan_id);
}

/* No answer: from here on the device leads by itself, if it knows the walk. */
function goAway() {
  if (away.isOn || (!isKeptPage && !(tour && floorAt))) return stored;
  stored = stored.then(begin).catch(report);
  return stored;
}

async function begin() {
  if (away.isOn) return;
  away.isOn = true; // before the first wait: an answer that comes now is dealt with after us
  const queue = await ready, { scans: waiting, at } = await queue.whole();
  Object.assign(away, { walk: walkFrom(tour, at), sent: 0, total: waiting.length, stoppedAt: 0, isSending: false });
  if (!away.walk && !isKeptPage) {
    away.isOn = false;
    return;
  }
  let last = null;
  for (const entry of away.walk ? waiting.filter((one) => !one.opens) : []) {
    last = { ...judge(away.walk, entry.code, entry.qty_each, entry.by_hand), code: entry.code };
    if (last.needs) {
      // What comes of it only the floor knows, and so of everything after it.
      away.walk = { ...away.walk, asks: "unknown" };
      break;
    }
    if (last.walk) away.walk = last.walk;
    if (last.noted && !entry.noted) await queue.change({ ...entry, noted: last.noted });
  }
  await drawNow(last && !last.isSame ? last : null, last ? last.code : "");
  setTimeout(probe, PROBE_MS);
}

async function drawNow(verdict, code) {
  const waiting = await (await ready).count(), locked = current().dataset.byItself ? current() : null;
  if (locked) screenRoot.replaceChildren(hidden); // what goes on under a lock shows when it is opened
  drawAway(away.walk, verdict, code, waiting, away.isSending);
  if (locked) {
    hidden = current();
    screenRoot.replaceChildren(locked);
  }
  keyed = "";
  rest();
  scrollTo(0, 0);
}

/* The floor has answered a scan. While others wait, the device's screen stays and its count goes down. */
function answered(screen, entry) {
  floorAt = standingOf(screen);
  if (!away.isOn) return answeredInSight(screen);
  stored = stored.then(async () => {
    const left = await (await ready).count();
    if (!away.isOn) return answeredInSight(screen);
    away.sent += 1;
    away.isSending = true;
    if (entry.noted && screen.dataset.outcome !== "applied" && !away.stoppedAt) {
      Object.assign(away, { stoppedAt: away.sent, refusal: screen.querySelector("[data-verdict]") });
    }
    if (!left) return comeBack(screen, true);
    const line = document.getElementById("away");
    if (line) countDown(line, away.walk, left, true);
  }).catch(report);
  return stored;
}

/* Its screen comes up. Of those that waited only the last one's verdict would stay: the first refusal is said then. */
async function answeredInSight(screen) {
  if (isUnreached) run = { sent: 0, stoppedAt: 0, refusal: null };
  isUnreached = false;
  if (run) {
    run.sent += 1;
    if (screen.dataset.outcome !== "applied" && !run.stoppedAt) {
      Object.assign(run, { stoppedAt: run.sent, refusal: screen.querySelector("[data-verdict]").cloneNode(true) });
    }
  }
  show(screen, true);
  if (!run || await (await ready).count()) return;
  const { stoppedAt, sent, refusal } = run;
  run = null;
  if (stoppedAt && stoppedAt < sent) sayStopped(current(), stoppedAt, sent, refusal);
}

function comeBack(screen, isAnswer) {
  const { stoppedAt, total, refusal } = away;
  Object.assign(away, { isOn: false, walk: null });
  isUnreached = false;
  tourOf = "";
  show(screen, isAnswer && !stoppedAt);
  if (stoppedAt) sayStopped(screen, stoppedAt, Math.max(total, stoppedAt), refusal);
}

/* Not the last scan's verdict, which may be right: the one at which it stopped. */
function sayStopped(screen, nth, total, refusal) {
  const line = make("p", "notice notice-conflict",
    make("strong", "", say("replay_stopped", { nth, total })), ` · ${say("replay_seen")}`);
  line.setAttribute("role", "alert");
  const last = screen.querySelector("[data-verdict]");
  if (last) last.remove();
  screen.querySelector(".head").after(line, document.adoptNode(refusal));
  scrollTo(0, 0);
  tell("rejected", verdictWords());
}

/* With nothing to send nobody would notice that the floor can be reached again. */
async function probe() {
  if (!away.isOn) return;
  if (!isSending && !await (await ready).count()) {
    const answer = await fetch(kiosk.dataset.screen, { credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MS) })
      .catch(() => null);
    const screen = answer && answer.ok ? screenIn(await answer.text().catch(() => "")) : null;
    stored = stored.then(async () => {
      if (screen && away.isOn && !await (await ready).count()) comeBack(screen, false);
    }).catch(report);
    await stored;
  }
  setTimeout(probe, PROBE_MS);
}

/* Neither the floor's yes nor its no: a third sound, short and low. */
function tellNoted() {
  beep([[520, 0, 0.05]], "triangle");
  if (navigator.vibrate) navigator.vibrate(15);
}

/* A fault of ours must not keep the next scan from being stored; the page's log has it all the same. */
function report(error) {
  setTimeout(() => { throw error; });
}

window.addEventListener("offline", () => goAway());
window.addEventListener("online", () => { if (away.isOn) probe(); });

if (window.isSecureContext && navigator.serviceWorker && document.getElementById("kiosk").dataset.worker) {
  navigator.serviceWorker.register("/sw.js").catch(() => {}); // an extra: everything else works without it
}
