"use strict";
/* Cards are moved by pointer, by touch (at their grip) or by keys. The page decides nothing: every move is asked for,
 * and a card that may not go stays and says why. */

const AWAY_PX = 6, EDGE_PX = 60;
const badgeField = document.querySelector('#bulk input[name="badge"]');
let held = null; // {card, cards, ghost, x, y, over, byKeys}

const columnsOf = (card) => [...kanban.querySelectorAll(`.kanban-cell[data-lane="${CSS.escape(card.dataset.lane)}"]`)];
const waysOf = (card) => JSON.parse(card.dataset.ways);

function pickUp(card, byKeys) {
  const others = chosen();
  held = { card, cards: others.includes(card) ? others : [card], byKeys, over: card.closest(".kanban-cell") };
  hold(true);
  kanban.classList.add("is-moving");
  for (const one of held.cards) one.classList.add("is-held");
  const ways = waysOf(card);
  for (const cell of kanban.querySelectorAll(".kanban-cell")) {
    cell.classList.toggle("may-drop", cell.dataset.column in ways && isReachable(card, cell));
  }
}

/* Into another row only where a command leads there: a priority is one, a channel is not. */
function isReachable(card, cell) {
  return cell.dataset.lane === card.dataset.lane || kanban.dataset.lanes === "priority";
}

function over(cell) {
  if (!held || held.over === cell) return;
  held.over?.classList.remove("is-over");
  held.over = cell;
  cell?.classList.add("is-over");
}

function letGo() {
  held?.ghost?.remove();
  held?.over?.classList.remove("is-over");
  for (const one of held?.cards ?? []) one.classList.remove("is-held");
  for (const cell of kanban.querySelectorAll(".may-drop")) cell.classList.remove("may-drop");
  kanban.classList.remove("is-moving");
  held = null;
  hold(false);
}

async function setDown() {
  const { card, cards, over: cell } = held;
  const from = { column: card.dataset.state, lane: card.dataset.lane };
  letGo();
  if (!cell || (cell.dataset.column === from.column && cell.dataset.lane === from.lane)) {
    tell(say("board_script", "set_down", { number: card.dataset.number, column: lane(from.column) }));
    return;
  }
  await ask(cards, cell);
}

/* Ask for a move: the cards stand in their new column at once, and go back where the floor says no. */
async function ask(cards, cell) {
  const begun = performance.now();
  const isOtherRow = cards.some((card) => card.dataset.lane !== cell.dataset.lane);
  const byPriority = kanban.dataset.lanes === "priority";
  const isSameColumn = cards.every((card) => card.dataset.state === cell.dataset.column);
  const wish = {
    cards: cards.map((card) => ({ card: Number(card.dataset.card), version: card.dataset.version })),
    to: isSameColumn && isOtherRow && byPriority ? "" : cell.dataset.column,
    urgency: isOtherRow && byPriority ? cell.dataset.lane : "",
    other_lane: isOtherRow && !byPriority, badge: badgeField?.value.trim() ?? "",
  };
  const places = cards.map((card) => ({ card, list: card.parentElement, next: card.nextElementSibling }));
  const hadFocus = cards.find((card) => card.contains(document.activeElement)) ?? cards[0];
  hold(true);
  for (const card of cards) card.classList.add("is-asking");
  cell.querySelector(".kanban-cards").prepend(...cards);
  bodyOf(hadFocus).focus();
  tell(say("board_script", "moving", { number: cards[0].dataset.number }));
  const answer = await fetch("/api/v1/order-board/moves", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wish),
  }).catch(() => null);
  const said = answer ? await answer.json().catch(() => ({})) : {};
  const answers = new Map((said.answers ?? []).map((one) => [one.card, one]));
  const refused = [];
  const noted = [];
  for (const { card, list, next } of [...places].reverse()) {
    const one = answers.get(Number(card.dataset.card));
    card.classList.remove("is-asking");
    if (one?.outcome === "moved") {
      Object.assign(card.dataset, { state: one.state, version: one.version, ways: JSON.stringify(one.ways), mark: "" });
      card.querySelector('input[name="card"]').checked = false;
      cellAt(one.state, cell.dataset.lane)?.prepend(card);
      if (one.code) noted.unshift(`${card.dataset.number}: ${say("card_refused", one.code)}`);
    } else {
      if (next?.parentElement === list) next.before(card);
      else list.append(card);
      refused.unshift([card, one]);
    }
  }
  bodyOf(hadFocus).focus();
  tell([outcome(cards, refused, answer, said), ...noted.slice(0, 5)].join(" "));
  kanban.dataset.moved = String(performance.now() - begun); // what a benchmark reads
  hold(false);
  await refresh();
}

function outcome(cards, refused, answer, said) {
  const sentences = refused.slice(0, 5).map(([card, one]) => {
    const number = card.dataset.number;
    if (!answer) return say("board_script", "no_answer", { number });
    const where = Object.keys(one?.ways ?? {}).map(lane).join(", ");
    const why = [say("card_refused", one?.code ?? said.code ?? answer.status)];
    if (where) why.push(say("board_script", "may_go", { columns: where }));
    return say("board_script", "refused", { number, why: why.join(" ") });
  });
  const moved = cards.filter((card) => !refused.some(([other]) => other === card));
  if (moved.length === 1) {
    sentences.unshift(say("board_script", "moved", { number: moved[0].dataset.number, column: lane(moved[0].dataset.state) }));
  } else if (moved.length) sentences.unshift(say("board_script", "moved_many", { count: moved.length }));
  return sentences.join(" ");
}

/* ---- pointer and touch ---- */

let pressed = null;

kanban.addEventListener("pointerdown", (event) => {
  const card = event.target.closest(".order-card");
  if (!card || event.button || held || event.target.closest("a, input, label, summary, form")) return;
  const grip = event.target.closest(".order-card-grip");
  if (event.pointerType !== "mouse" && !grip) return; // a finger on a card scrolls
  if (!card.querySelector(".order-card-grip")) return; // this token moves no cards
  pressed = { card, id: event.pointerId, x: event.clientX, y: event.clientY };
});

addEventListener("pointermove", (event) => {
  if (pressed && event.pointerId === pressed.id && !held) {
    if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < AWAY_PX) return;
    if (!pressed.card.isConnected) pressed.card = cardOf(pressed.card.dataset.card); // drawn anew under the pointer
    if (!pressed.card) {
      pressed = null;
      return;
    }
    pickUp(pressed.card, false);
    kanban.setPointerCapture(event.pointerId);
    const ghost = pressed.card.cloneNode(true);
    ghost.removeAttribute("id");
    for (const one of ghost.querySelectorAll("[id], input, details")) one.remove();
    ghost.classList.add("order-card-ghost");
    ghost.append(pressed.card.dataset.number + (held.cards.length > 1 ? ` +${held.cards.length - 1}` : ""));
    ghost.setAttribute("aria-hidden", "true");
    document.body.append(ghost);
    held.ghost = ghost;
  }
  if (!held || held.byKeys) return;
  event.preventDefault();
  held.ghost.style.left = `${event.clientX + 8}px`;
  held.ghost.style.top = `${event.clientY + 8}px`;
  over(document.elementFromPoint(event.clientX, event.clientY)?.closest(".kanban-cell") ?? null);
  const box = kanban.getBoundingClientRect();
  if (event.clientX > box.right - EDGE_PX) kanban.scrollBy(18, 0);
  else if (event.clientX < box.left + EDGE_PX) kanban.scrollBy(-18, 0);
}, { passive: false });

addEventListener("pointerup", (event) => {
  if (pressed?.id !== event.pointerId) return;
  pressed = null;
  if (held && !held.byKeys) setDown();
});

addEventListener("pointercancel", () => {
  pressed = null;
  if (held && !held.byKeys) letGo();
});

/* ---- keys ---- */

function nextCard(card, key) {
  if (key === "ArrowDown") return card.nextElementSibling;
  if (key === "ArrowUp") return card.previousElementSibling;
  const cells = columnsOf(card).filter((cell) => cell.querySelector(".order-card"));
  const at = cells.indexOf(card.closest(".kanban-cell")) + (key === "ArrowRight" ? 1 : -1);
  return cells[at]?.querySelector(".order-card");
}

function nextCell(cell, key) {
  const row = [...cell.parentElement.children];
  if (key === "ArrowRight" || key === "ArrowLeft") return row[row.indexOf(cell) + (key === "ArrowRight" ? 1 : -1)];
  const rows = [...kanban.querySelectorAll(".kanban-row")];
  const other = rows[rows.indexOf(cell.closest(".kanban-row")) + (key === "ArrowDown" ? 1 : -1)];
  return other?.querySelector(`.kanban-cell[data-column="${cell.dataset.column}"]`);
}

kanban.addEventListener("keydown", (event) => {
  const card = event.target.closest(".order-card");
  if (!card || event.target !== bodyOf(card) || event.ctrlKey || event.altKey || event.metaKey) return;
  const isArrow = event.key.startsWith("Arrow");
  if (held?.byKeys) {
    if (isArrow) {
      const cell = nextCell(held.over, event.key);
      if (cell) {
        over(cell);
        cell.scrollIntoView({ block: "nearest", inline: "nearest" });
        const act = isReachable(card, cell) && waysOf(card)[cell.dataset.column];
        tell(say("board_script", act ? "over_column" : "over_no", { column: lane(cell.dataset.column), act: act ? say("card_act", act) : "" }));
      }
    } else if (event.key === " " || event.key === "Enter") setDown();
    else if (event.key === "Escape") {
      const number = card.dataset.number, column = lane(card.dataset.state);
      letGo();
      tell(say("board_script", "set_down", { number, column }));
    } else return;
    event.preventDefault();
    return;
  }
  if (isArrow) {
    const next = nextCard(card, event.key);
    if (next) {
      reach(next);
      bodyOf(next).focus();
      next.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  } else if (event.key === " " && card.querySelector(".order-card-grip")) {
    pickUp(card, true);
    tell(say("board_script", "picked_up", { number: card.dataset.number, column: lane(card.dataset.state) }));
  } else if (event.key.toLowerCase() === "m" && card.querySelector(".order-card-menu")) {
    card.querySelector(".order-card-menu").open = true;
    card.querySelector(".order-card-menu button:not([hidden])")?.focus();
  } else return;
  event.preventDefault();
});

kanban.addEventListener("focusin", (event) => {
  const card = event.target.closest(".order-card");
  if (card) reach(card);
});

/* Whoever goes elsewhere with a card in hand leaves it where it was. */
kanban.addEventListener("focusout", (event) => {
  if (held?.byKeys && !kanban.contains(event.relatedTarget)) letGo();
});
