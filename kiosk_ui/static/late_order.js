"use strict";
/* One waiting order into a wave that is being walked: the number, the wave, a touch. The planner finds it a tour. */

const lateForm = document.getElementById("late");
const lateNumber = document.getElementById("late-number");
const lateWave = document.getElementById("late-wave");
const lateSaid = document.getElementById("late-said");
const LATE_REFUSED = ["unknown_order", "ambiguous_order", "not_releasable", "order_waits", "wave_not_open"];

const drawTours = draw.tours;
draw.tours = (shown) => {
  drawTours(shown);
  const chosen = lateWave.value;
  lateWave.replaceChildren(...shown.waves.map((wave) => {
    const option = make("option", "", say("board", "wave", { number: wave.wave }));
    option.value = wave.wave;
    return option;
  }));
  // Whoever chose a wave and types has it still, whatever the floor does meanwhile.
  if (shown.waves.some((wave) => String(wave.wave) === chosen)) lateWave.value = chosen;
  document.getElementById("late-part").hidden = !shown.waves.length;
};

lateForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const number = lateNumber.value.trim(), wave = lateWave.value;
  const button = lateForm.querySelector("button");
  if (!number || !wave || button.disabled) return;
  button.disabled = true; // a second touch of an impatient finger must not ask twice
  lateSaid.textContent = "";
  const answer = await fetch(`/api/v1/waves/${wave}/orders`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ orders: [number] }),
  }).catch(() => null);
  const said = answer ? await answer.json().catch(() => ({})) : {};
  button.disabled = false;
  if (!answer) lateSaid.textContent = say("wave", "no_answer");
  else if (answer.ok) {
    lateSaid.textContent = say("wave", "late_joined", { number, wave });
    lateNumber.value = "";
  } else if (LATE_REFUSED.includes(said.code)) lateSaid.textContent = say("wave", `late_${said.code}`, { number, wave });
  else lateSaid.textContent = say("wave", "late_refused", { why: said.detail || said.title || answer.status });
  if (poll) await ask();
});

draw.tours(view.tours);
