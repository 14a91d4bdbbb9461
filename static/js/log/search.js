// Searches a log and marks every hit. Enter goes to the next hit, Shift and Enter to the one before.
import { number } from "../words.js";

const WAIT = 150;

export function search({ view, lines, source, box, button, hits }) {
  const input = box.querySelector("input");
  let words = "";
  let found = [];
  let at = -1;
  // Until somebody has pressed Enter, the newest hit is the current one.
  let hasStepped = false;
  let timer = 0;

  function open(isOpen) {
    box.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) {
      // Only lines that are loaded can be found.
      source.loadAll();
      input.focus();
      return;
    }
    input.value = "";
    look();
    button.focus();
  }

  function look() {
    timer = 0;
    if (words !== input.value.trim()) hasStepped = false;
    words = input.value.trim();
    const current = found[at];
    found = words ? lines.find(words) : [];
    at = found.length - 1;
    if (hasStepped && found.includes(current)) at = found.indexOf(current);
    show(found[at] !== current);
  }

  function step(by) {
    if (!found.length) return;
    hasStepped = true;
    at = (at + by + found.length) % found.length;
    show(true);
  }

  function show(goThere) {
    if (!words) hits.textContent = "";
    else hits.textContent = found.length ? `${at + 1} of ${number(found.length)}` : "no line";
    view.mark(words, found[at] ?? -1, goThere);
  }

  button.addEventListener("click", () => open(box.hidden));
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT);
  });
  // More of the log has come.
  view.addEventListener("updated", () => {
    if (words && !timer) timer = setTimeout(look, WAIT);
  });
  source.addEventListener("reset", () => (found = []));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") open(false);
    else if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
  });
}
