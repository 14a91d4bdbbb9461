// Times and numbers in the words of mantik/lib/humanize.py. A test runs both over the same values.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

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

// Python's round() does the same.
function roundHalfToEven(value) {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 ? floor + 1 : floor;
}

/** A day, "2027-03-31", as "Wed 31 Mar 2027"; "" if it is none. */
export function dayInWords(day) {
  const at = new Date(`${day}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(at.getTime())) return "";
  return `${WEEKDAYS[at.getUTCDay()]} ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
}

// The date in the time zone that the server has written, not in the browser's.
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

/** For columns: 18:04, 1:02:40. There may be more than 24 hours. */
export function clockDuration(length) {
  const [hours, minutes, seconds] = parts(length, HOUR, MINUTE, 1);
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${two(minutes)}:${two(seconds)}`;
}

/** For sentences: the two largest units that are not zero, 4 min 12 s. */
export function spokenDuration(length) {
  const units = ["d", "h", "min", "s"];
  const amounts = parts(length, DAY, HOUR, MINUTE, 1);
  const first = amounts.findIndex((amount) => amount);
  if (first < 0) return "0\u00a0s";
  const words = amounts.map((amount, index) => amount && `${amount}\u00a0${units[index]}`);
  return words.slice(first, first + 2).filter(Boolean).join(" ");
}

// How many of each size, the largest first, are in that many seconds.
function parts(length, ...sizes) {
  let rest = Math.max(0, Math.floor(length));
  return sizes.map((size) => {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    return amount;
  });
}

function two(amount) {
  return String(amount).padStart(2, "0");
}

/** 1,204. */
export function number(value) {
  return value.toLocaleString("en");
}

/** The value of a metric, in as few digits as distinguish it from others: 0.4019, 1,204, 3.20e-7. */
export function measure(value) {
  if (!Number.isFinite(value)) return "not a number";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e7) return value.toLocaleString("en", { maximumSignificantDigits: size >= 1000 ? 6 : 4 });
  const digits = { notation: "scientific", minimumSignificantDigits: 3, maximumSignificantDigits: 3 };
  return value.toLocaleString("en", digits).replace("E", "e");
}
