// Single-key shortcuts: `data-key` on a field focuses it, on a link follows it. They can be switched off, which
// WCAG 2.1.4 asks for; the choice stays in this browser.

const KEY = "mantik-shortcuts";
let areOn = stored();

function stored() {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

function show() {
  for (const button of document.querySelectorAll("[data-shortcuts-switch]")) {
    button.setAttribute("aria-pressed", String(areOn));
    const note = button.querySelector("[data-shortcuts-state]");
    if (note) note.textContent = areOn ? "on" : "off";
  }
}

function isTyping(element) {
  const isField = element.matches("input:not([type=checkbox], [type=radio], [type=submit]), textarea, select");
  return element.isContentEditable || isField || element.closest("dialog[open]");
}

/** Whether a key that was pressed may be a shortcut. */
export function isShortcut(event) {
  return areOn && !(event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target));
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-shortcuts-switch]")) return;
  areOn = !areOn;
  try {
    localStorage.setItem(KEY, areOn ? "on" : "off");
  } catch {
    // If storage is forbidden, the choice lasts as long as the page.
  }
  show();
});

document.addEventListener("keydown", (event) => {
  if (!isShortcut(event)) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches("input")) target.focus();
  else target.click();
});

show();
