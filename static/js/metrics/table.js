// The numbers behind a chart, for screen readers and for copying.
import { number } from "../words.js";
import { valueWords } from "./numbers.js";

export function makeTable(key, csv) {
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
  if (csv) details.append(linkTo(csv, key));
  return details;
}

function linkTo(csv, key) {
  const link = document.createElement("a");
  link.href = `${csv}?${new URLSearchParams({ key })}`;
  link.textContent = "CSV of all that is kept";
  return link;
}

/** Rows are made when the table is opened: most never are. `names`: of the lines. */
export function fillTable(details, rows, names) {
  const table = details.querySelector("table");
  const fill = () => {
    if (details.open) table.replaceChildren(head(names), body(rows));
  };
  details.ontoggle = fill;
  fill();
}

function head(names) {
  const row = document.createElement("tr");
  row.append(cell("th", "Step"), ...names.map((name) => cell("th", name)));
  for (const heading of row.children) heading.scope = "col";
  const made = document.createElement("thead");
  made.append(row);
  return made;
}

function body({ steps, values }) {
  const made = document.createElement("tbody");
  steps.forEach((step, at) => {
    const row = document.createElement("tr");
    row.append(cell("td", number(step)), ...values.map((column) => cell("td", words(column[at]))));
    made.append(row);
  });
  return made;
}

function words(value) {
  return value === undefined ? "" : valueWords(value);
}

function cell(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
