// Keys in lists: j and k go from row to row, x ticks the row, c compares what is ticked. As all single keys, they can be
// switched off.
import { isShortcut } from "./shortcuts.js";

document.addEventListener("keydown", (event) => {
  if (!isShortcut(event)) return;
  const key = { j: () => step(1), k: () => step(-1), x: tick, c: compare }[event.key];
  if (key?.()) event.preventDefault();
});

function step(by) {
  const links = [...document.querySelectorAll(".grid .row-link")];
  const at = links.indexOf(current()?.querySelector(".row-link"));
  const next = links[at < 0 ? 0 : at + by];
  next?.focus();
  next?.closest("tr").scrollIntoView({ block: "nearest" });
  return next;
}

function tick() {
  const box = current()?.querySelector("input[type=checkbox]");
  box?.click();
  return box;
}

function compare() {
  const button = document.querySelector(".tick-bar button:not([type], :disabled)");
  if (!button?.checkVisibility()) return null;
  button.click();
  return button;
}

/** The row in which the focus is. */
function current() {
  return document.activeElement?.closest(".grid tr");
}
