"use strict";
/* The board's panel of the next wave: what would go, how, until when, and one touch to release it. It is drawn from
 * the board's own view, so it comes and goes with the live stream; only the picture is fetched, when it is opened. */

words.wave = JSON.parse(document.getElementById("wave-words").textContent);

const clockOf = (ms) => new Date(ms).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
const waveSaid = document.getElementById("wave-said");
const askButton = document.getElementById("wave-ask");
const releaseButton = document.getElementById("wave-release");
const modeChoice = document.getElementById("wave-mode");

const pickedBy = (p50, p90) => (p90 ? say("wave", "done_by", { clock: clockOf(p50), late: clockOf(p90) })
  : say("wave", "not_done"));

function figures(plan) {
  return make("p", "wave-figures", ...[
    say("wave", "orders", { count: plan.orders }), say("wave", "lines", { count: plan.lines }),
    say("wave", "metres", { metres: metres(plan.distance_dm) }), say("wave", "tours", { count: plan.tours }),
    say("wave", "pickers", { count: plan.pickers }),
  ].map((part) => make("span", "", part)));
}

function modes(plan) {
  const rows = plan.modes.map((mode) => make("li", mode.mode === plan.mode ? "wave-mode is-chosen" : "wave-mode",
    make("span", "", `${mode.mode === plan.mode ? "✓ " : ""}${say("wave", `mode_${mode.mode}`)}`),
    make("span", "number", mode.reason ? (mode.why ? say("wave", `cannot_${mode.why}`) : mode.reason)
      : `${say("wave", "line_s", { seconds: (mode.line_ms / 1000).toLocaleString(language, { maximumFractionDigits: 1, minimumFractionDigits: 1 }) })} · ${say("wave", "metres", { metres: metres(mode.distance_dm) })}`)));
  return folded("modes", say("wave", "modes"), make("ul", "", ...rows));
}

function leftOut(plan) {
  const counts = Object.entries(plan.left_out_counts);
  if (!counts.length) return "";
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  const heading = `${say("wave", "left_out", { count: all })}: ${counts
    .map(([reason, count]) => `${count} ${say("wave", reason)}`).join(", ")}`;
  const rows = plan.left_out.map((left) => make("li", "", make("b", "", left.order),
    make("span", "", left.why ? say("wave", `stays_${left.why}`, { minutes: left.minutes }) : left.words)));
  if (all > rows.length) rows.push(make("li", "none", say("wave", "more", { count: all - rows.length })));
  return folded("left", heading, make("ul", "", ...rows));
}

/* A drawing of who walks when; text in it is text, whatever an operator is called. */
function picture(proposal) {
  const held = make("div", "wave-picture");
  const part = folded("who", say("wave", "who"), held);
  part.addEventListener("toggle", async () => {
    if (!part.open || held.firstChild) return;
    const answer = await fetch(`/api/v1/wave-proposals/${proposal}`).catch(() => null);
    if (!answer || !answer.ok) return;
    const drawn = new DOMParser().parseFromString((await answer.json()).plan.picture, "image/svg+xml").documentElement;
    if (drawn.nodeName === "svg") held.replaceChildren(document.importNode(drawn, true));
  });
  return part;
}

const openParts = new Set();

function folded(name, heading, body) {
  const part = make("details", "wave-part", make("summary", "", heading), body);
  part.open = openParts.has(name);
  part.addEventListener("toggle", () => (part.open ? openParts.add(name) : openParts.delete(name)));
  return part;
}

draw.wave = (shown) => {
  const proposal = shown.proposal, plan = proposal?.plan;
  const parts = [];
  if (!proposal) parts.push(make("p", "none", say("wave", "none")));
  else if (proposal.state === "planning") parts.push(make("p", "", say("wave", "planning")));
  else if (proposal.state === "failed") parts.push(make("p", "card-flag", say("wave", "failed")));
  else if (proposal.state === "released") parts.push(make("p", "", say("wave", "released", { wave: proposal.wave })));
  else {
    if (plan.orders) {
      parts.push(figures(plan), make("p", "wave-when", pickedBy(plan.p50_at_ms, plan.p90_at_ms)),
        make("p", "more", say("wave", plan.samples < 50 ? "few" : "samples", { count: plan.samples })),
        ...plan.at_risk.map((risk) => make("p", "card-flag",
          say("wave", "at_risk", { clock: clockOf(risk.due_at_ms), percent: risk.late_percent }))),
        modes(plan), picture(proposal.proposal));
    } else parts.push(make("p", "none", say("wave", "nothing")));
    parts.push(leftOut(plan));
  }
  document.getElementById("wave-shown").replaceChildren(...parts.filter((part) => part !== ""));
  document.getElementById("wave-under-way").replaceChildren(...shown.waves.map((wave) => make("li", "",
    make("b", "", say("wave", "under_way", { wave: wave.wave, count: wave.tours_left })),
    make("span", "", pickedBy(wave.p50_at_ms, wave.p90_at_ms)))));
  if (!askButton) return;
  askButton.textContent = say("wave", proposal && proposal.state !== "released" ? "ask_again" : "ask");
  askButton.disabled = proposal?.state === "planning";
  const isReady = proposal?.state === "ready" && plan.orders > 0;
  releaseButton.hidden = !isReady;
  if (isReady) {
    releaseButton.textContent = `${say("wave", "release")}: ${say("wave", "orders", { count: plan.orders })}`;
    if (releaseButton.dataset.proposal !== String(proposal.proposal)) offerModes(plan);
    releaseButton.dataset.proposal = proposal.proposal;
  }
  modeChoice.hidden = !isReady || modeChoice.options.length < 2;
};

/* As proposed, or as a supervisor would rather have it: what cannot be done here is not offered. */
function offerModes(plan) {
  const possible = plan.modes.filter((mode) => !mode.reason).map((mode) => mode.mode);
  modeChoice.replaceChildren(...possible.map((mode) => {
    const option = make("option", "", say("wave", `mode_${mode}`));
    option.value = mode;
    return option;
  }));
  modeChoice.value = possible.includes(plan.mode) ? plan.mode : "cluster";
}

async function act(button, path, body) {
  button.disabled = true; // a second touch of an impatient finger must not ask twice
  waveSaid.textContent = "";
  const answer = await fetch(`/api/v1${path}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  }).catch(() => null);
  const said = answer ? await answer.json().catch(() => ({})) : {};
  button.disabled = false;
  if (!answer) waveSaid.textContent = say("wave", "no_answer");
  else if (!answer.ok) waveSaid.textContent = say("wave", "refused", { why: said.detail || said.title || answer.status });
  else if (said.changed?.length) waveSaid.textContent = say("wave", "changed", { count: said.changed.length });
  // The stream brings what came of it; asking as well could show an older answer after a newer one.
  if (poll) await ask();
}

askButton?.addEventListener("click", () => act(askButton, "/wave-proposals", {}));
releaseButton?.addEventListener("click",
  () => act(releaseButton, `/wave-proposals/${releaseButton.dataset.proposal}/release?mode=${modeChoice.value || "cluster"}`));

draw.wave(view.wave);
