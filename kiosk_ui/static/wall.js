"use strict";
/* The screen beside a put wall: asks for its own page again and puts in what has changed. It keeps nothing of its own. */

const EVERY_MS = 700;
const shown = document.getElementById("wall"), stale = document.getElementById("wall-stale");

async function look() {
  try {
    const answer = await fetch(location.pathname);
    stale.hidden = answer.ok;
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("wall");
      if (fresh && fresh.innerHTML !== shown.innerHTML) shown.replaceChildren(...document.adoptNode(fresh).childNodes);
    }
  } catch (error) {
    stale.hidden = false;
  }
  setTimeout(look, EVERY_MS);
}

setTimeout(look, EVERY_MS);
