"use strict";
/* Keeps what is marked `data-fresh` as the server has it, unless somebody is at one of its forms. */

const FRESH_MS = 10000;
const SOON_MS = 1500; // while `data-fresh="soon"`: somebody waits for an answer

function isBusy(part) {
  return part.contains(document.activeElement) || document.hidden || part.querySelector("details[open]")
    || [...part.querySelectorAll("input")].some((field) => field.value !== field.defaultValue);
}

async function refresh() {
  const part = document.querySelector("[data-fresh]");
  // After a refusal the address is that of the form: what it would answer is no page to look at.
  if (!part || isBusy(part) || document.getElementById("refused")) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer || !answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-fresh]");
  if (fresh && !isBusy(part)) part.replaceWith(document.importNode(fresh, true));
}

setInterval(refresh, FRESH_MS);
setInterval(() => { if (document.querySelector('[data-fresh="soon"]')) refresh(); }, SOON_MS);
