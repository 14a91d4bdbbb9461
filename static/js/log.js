// The log of a run: follows its end and searches it. The parts are in log/.
import { follow } from "./log/follow.js";
import { Lines } from "./log/lines.js";
import { search } from "./log/search.js";
import { Source } from "./log/source.js";
import { View } from "./log/view.js";

for (const section of document.querySelectorAll("[data-log-url]")) {
  const find = (name) => section.querySelector(`[data-log-${name}]`);
  const lines = new Lines();
  const source = new Source(section.dataset.logUrl);
  const view = new View({ box: find("view"), host: find("lines"), lines });
  follow({ section, view, button: find("follow"), state: find("state"), source });
  search({ view, lines, source, box: find("search"), button: find("find"), hits: find("hits") });
  wrapping(section, view, find("wrap"));
  wire(source, lines, view);
  source.start();
}

function wire(source, lines, view) {
  source.addEventListener("reset", () => {
    lines.clear();
    view.clear();
  });
  source.addEventListener("text", (event) => {
    lines.append(event.detail.text);
    view.update();
  });
  source.addEventListener("change", () => {
    view.remark(source.remarks(lines.count), { offersAll: source.canLoadMore, isNumbered: !source.isPartial });
    // While the beginning is not loaded, line numbers are not known.
    if (source.reason && !source.isPartial && source.reason <= lines.count) view.pointAt(source.reason - 1);
  });
  view.addEventListener("earlier", () => source.loadAll());
}

function wrapping(section, view, button) {
  button.addEventListener("click", () => {
    const isOn = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(isOn));
    section.classList.toggle("log-wrap", isOn);
    view.measureAgain();
  });
}
