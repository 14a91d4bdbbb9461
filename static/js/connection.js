// Tells people that Mantik does not answer: a bar at the foot of the page, there as long as it is true.

// A request that keeps the page up to date gets no answer for this long: with the pause before it, less than 10 s.
export const PATIENCE = 4_000;
const PAUSE = 5_000;
const SILENT = "Mantik does not answer. What you see may be out of date. Trying again.";
const OFFLINE = "This device is offline. What you see may be out of date.";

/** Mantik has answered something. */
export function answered() {
  const bar = document.getElementById("connection");
  if (bar) bar.hidden = true;
}

/** Mantik has not answered whoever asks, which asks again by itself. */
export function unanswered() {
  const bar = document.getElementById("connection");
  if (!bar) return;
  bar.hidden = false;
  const text = navigator.onLine ? SILENT : OFFLINE;
  const words = bar.querySelector("p");
  if (words.textContent !== text) words.textContent = text;
}

/** As `fetch`, for what is part of this page. Throws if no answer begins in time. */
export async function ask(url, headers = {}) {
  const control = new AbortController();
  const timer = setTimeout(() => control.abort(), PATIENCE);
  try {
    const response = await fetch(url, { credentials: "same-origin", headers, signal: control.signal });
    answered();
    return response;
  } catch (error) {
    unanswered();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Ask whether Mantik answers at all, and again until it does. */
async function check() {
  clearTimeout(next);
  try {
    await ask("/healthz");
  } catch {
    next = setTimeout(check, PAUSE);
  }
}

let next = 0;

/** Check that it does, if it takes long to answer: returns what to call when it has answered. */
export function checkIfLong() {
  const timer = setTimeout(check, PAUSE);
  return () => clearTimeout(timer);
}

window.addEventListener("offline", check);
window.addEventListener("online", check);
// A link or a form: this page stays until there is an answer. It also stays for a download.
window.addEventListener("beforeunload", checkIfLong);
