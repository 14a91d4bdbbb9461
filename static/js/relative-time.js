// Keeps the age of <time data-relative-time> fresh, in the words of mantik/lib/humanize.py; change both together.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const REFRESH_EVERY = 15_000;

/** The age of `moment`, an ISO 8601 text with its offset, at `now` in milliseconds since 1970. */
export function relativeTime(moment, now) {
  const at = Date.parse(moment);
  const seconds = (now - at) / 1000;
  const distance = Math.abs(seconds);
  if (distance < 45) return seconds >= 0 ? "just now" : "now";
  if (distance >= 30 * DAY) return dateOf(at, now, offsetOf(moment));
  if (distance >= DAY && distance < 2 * DAY) return seconds > 0 ? "yesterday" : "tomorrow";
  const amount = coarse(distance);
  return seconds > 0 ? `${amount} ago` : `in ${amount}`;
}

function coarse(seconds) {
  if (seconds < HOUR - 30) return `${Math.max(1, roundHalfToEven(seconds / MINUTE))} min`;
  if (seconds < DAY) return `${Math.max(1, Math.floor(seconds / HOUR))} h`;
  return `${Math.floor(seconds / DAY)} days`;
}

// As Python rounds.
function roundHalfToEven(value) {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 ? floor + 1 : floor;
}

// In the zone the server wrote the moment in, not in the browser's.
function dateOf(at, now, offset) {
  const there = new Date(at + offset);
  const text = `${there.getUTCDate()} ${MONTHS[there.getUTCMonth()]}`;
  const year = there.getUTCFullYear();
  return year === new Date(now + offset).getUTCFullYear() ? text : `${text} ${year}`;
}

function offsetOf(moment) {
  const found = /([+-])(\d\d):(\d\d)$/.exec(moment);
  if (!found) return 0;
  const size = (Number(found[2]) * 60 + Number(found[3])) * 60_000;
  return found[1] === "-" ? -size : size;
}

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
// Back from the browser's cache of whole pages, hours later.
window.addEventListener("pageshow", refresh);
