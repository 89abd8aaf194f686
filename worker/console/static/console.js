// Refreshes the live part of the overview. Without it the page is the same, only older.
"use strict";

const EVERY_MS = 5000;
const SOON_MS = 600; // while the courses are still being counted
const live = document.getElementById("live");
const said = document.getElementById("said");
const silent = document.getElementById("silent");
let shown = null; // the text of the live part
let told = null; // the gist of what it says

// Nothing is taken from under somebody's hands: an open form, a selected text.
function inUse() {
  const selection = document.getSelection();
  return live.querySelector("details[open]") !== null
    || (selection !== null && !selection.isCollapsed && live.contains(selection.anchorNode));
}

function show(text) {
  if (text === shown) return;
  const next = new DOMParser().parseFromString(text, "text/html").body;
  const focused = live.contains(document.activeElement) ? document.activeElement.id : "";
  live.replaceChildren(...next.childNodes);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  shown = text;
  tell();
  mark();
}

// The tab says how things stand: in its title, and in the shape and colour of its icon.
function mark() {
  const { title, tone } = live.querySelector("[data-tone]")?.dataset ?? {};
  if (!tone) return;
  document.title = `${title} · ${live.dataset.suffix}`;
  const icon = document.getElementById("icon");
  const href = `/static/icon-${tone}.svg`;
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}

// Said aloud only when it is news: not that an outage lasts a minute longer.
function tell() {
  const news = live.querySelector("[data-said]")?.dataset.said ?? "";
  const gist = news.replace(/[\d,.:\s-]+(?:s|min|h|d)?\b/g, " ");
  if (told !== null && told !== gist) said.textContent = news;
  told = gist;
}

async function refresh() {
  if (document.visibilityState === "visible" && !inUse()) {
    try {
      const answer = await fetch(live.dataset.from + location.search, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (!inUse()) show(text);
      silent.hidden = true;
    } catch {
      silent.hidden = false;
    }
  }
  setTimeout(refresh, live.querySelector("[data-soon]") ? SOON_MS : EVERY_MS);
}

tell();
setTimeout(refresh, live.querySelector("[data-soon]") ? SOON_MS : EVERY_MS);
