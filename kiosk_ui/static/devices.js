"use strict";
/* The devices' desk keeps itself as it is: the page is asked for again, and what is marked data-live is put in anew
 * where it has changed. Forms stay as they are, whatever somebody is writing. A kind's own fields show with the kind. */

const EVERY_MS = 3000, UNDER_WAY_MS = 600;
const stale = document.getElementById("connection"), changed = document.getElementById("changed");
const kind = document.querySelector("#add select[name=kind]");
let etag = "";

const lives = (from) => new Map([...from.querySelectorAll("[data-live]")].map((part) => [part.dataset.live, part]));

async function look() {
  try {
    const answer = await fetch(location.pathname + location.search, { headers: etag ? { "If-None-Match": etag } : {} });
    stale.hidden = answer.ok || answer.status === 304;
    if (answer.ok) {
      etag = answer.headers.get("ETag") || "";
      take(lives(new DOMParser().parseFromString(await answer.text(), "text/html")));
    }
  } catch (error) {
    stale.hidden = false;
  }
  again();
}

function take(fresh) {
  const shown = lives(document);
  for (const [key, part] of shown) {
    const now = fresh.get(key);
    if (now && now.innerHTML !== part.innerHTML) part.replaceChildren(...document.adoptNode(now).childNodes);
  }
  const listed = (parts) => [...parts.keys()].sort().join("\n");
  if (listed(fresh) === listed(shown)) return;
  // Nothing is lost by showing it all anew, unless somebody is writing.
  if (document.querySelector("details[open]") || document.activeElement?.matches("input, select")) changed.hidden = false;
  else location.reload();
}

function again() {
  setTimeout(look, document.querySelector("[data-under-way]") ? UNDER_WAY_MS : EVERY_MS);
}

function showFields() {
  for (const fields of document.querySelectorAll("#add [data-kind]")) {
    fields.disabled = fields.hidden = !fields.dataset.kind.split(" ").includes(kind.value);
  }
}

if (kind) {
  kind.addEventListener("change", showFields);
  showFields();
}
// A page that answers a form is no page to be asked for again.
if (!document.getElementById("token") && !document.getElementById("refused")) again();
