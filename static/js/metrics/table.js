// The numbers behind a line, for screen readers and for copying.
import { measure, number } from "../words.js";

export function makeTable(key) {
  const details = document.createElement("details");
  details.className = "chart-table";
  const summary = document.createElement("summary");
  summary.textContent = "Numbers";
  const spoken = document.createElement("span");
  spoken.className = "visually-hidden";
  spoken.textContent = ` of ${key}`;
  summary.append(spoken);
  const box = document.createElement("div");
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", `Numbers of ${key}`);
  box.append(document.createElement("table"));
  details.append(summary, box);
  return details;
}

/** Rows are made when the table is opened: most never are. */
export function fillTable(details, points) {
  const table = details.querySelector("table");
  const fill = () => {
    if (details.open) table.replaceChildren(head(), body(points));
  };
  details.ontoggle = fill;
  fill();
}

function head() {
  const row = document.createElement("tr");
  row.append(cell("th", "Step"), cell("th", "Value"));
  for (const heading of row.children) heading.scope = "col";
  const made = document.createElement("thead");
  made.append(row);
  return made;
}

function body(points) {
  const made = document.createElement("tbody");
  for (const [step, value] of points) {
    const row = document.createElement("tr");
    row.append(cell("td", number(step)), cell("td", measure(value)));
    made.append(row);
  }
  return made;
}

function cell(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
