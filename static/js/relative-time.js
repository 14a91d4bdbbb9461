// Keeps the age of <time data-relative-time> fresh.
import { relativeTime } from "./words.js";

const REFRESH_EVERY = 15_000;

function refresh() {
  if (document.hidden) return;
  const now = Date.now();
  for (const element of document.querySelectorAll("time[data-relative-time]")) {
    const text = relativeTime(element.dateTime, now);
    if (element.textContent !== text) element.textContent = text;
  }
}

setInterval(refresh, REFRESH_EVERY);
document.addEventListener("visibilitychange", refresh);
// The browser may restore the page from its cache hours later.
window.addEventListener("pageshow", refresh);
