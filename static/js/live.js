// Live parts of a page, as mantik/lib/live.py answers them: the browser says what it shows, and keeps what is the same.
import { Idiomorph } from "idiomorph/htmx";
import { answered, PATIENCE, unanswered } from "./connection.js";

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, headers } = event.detail;
  if (!isLive(elt)) return;
  headers["Mantik-Live"] = elt.dataset.live;
  headers["Mantik-Rows"] = [...elt.querySelectorAll("[data-version]")].map(named).join(" ");
  event.detail.timeout = PATIENCE;
});

function isLive(element) {
  return element.dataset.live !== undefined;
}

function named(row) {
  return `${row.id}:${row.dataset.version}`;
}

// It asks again by itself.
for (const failed of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failed, ({ detail }) => isLive(detail.elt) && unanswered());
}
document.addEventListener("htmx:afterOnLoad", ({ detail }) => {
  if (!isLive(detail.elt)) return;
  // 503: the web server lives, but has no database.
  if (detail.xhr.status === 503) unanswered();
  else answered();
});

Idiomorph.defaults.callbacks.beforeNodeMorphed = (_old, drawn) => !drawn.dataset || !("same" in drawn.dataset);

/** Whether somebody has opened or closed it since it was drawn. */
export function isFolded(attribute, element) {
  return attribute === "open" && element.localName === "details" && element.closest("[data-live]") !== null;
}
