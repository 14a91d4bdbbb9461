// The tools above the charts: what is looked for, and how it is shown.

/** What is chosen: {axis, isLog, strength, hasInner}. Sections without these tools have what is usual. */
export function chosen(section) {
  const find = (name) => section.querySelector(`[data-metrics-${name}]`);
  return {
    axis: find("axis")?.value ?? "step",
    isLog: Boolean(find("log")?.checked),
    strength: Number(find("smooth")?.value ?? 0),
    hasInner: Boolean(find("inner")?.checked),
  };
}

/** The steps that are typed, [first, last]; null if they are no range. */
export function typedSteps(section) {
  const [from, to] = ["from", "to"].map((name) => section.querySelector(`[data-metrics-${name}]`).valueAsNumber);
  return Number.isFinite(from) && Number.isFinite(to) && from < to ? [from, to] : null;
}

export function onTools(section, { find, redraw, axis, range, whole }) {
  const on = (name, event, act) => section.querySelector(`[data-metrics-${name}]`)?.addEventListener(event, act);
  on("find", "input", find);
  on("log", "change", redraw);
  on("inner", "change", redraw);
  on("smooth", "input", (event) => {
    event.target.setAttribute("aria-valuetext", event.target.value === "0" ? "none" : event.target.value);
    redraw();
  });
  on("axis", "change", axis);
  on("whole", "click", whole);
  on("range", "submit", (event) => {
    event.preventDefault();
    range();
  });
  section.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.target.closest("details[data-menu], input")) whole();
  });
}
