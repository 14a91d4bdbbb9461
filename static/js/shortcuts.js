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
    if (note) note.textContent = areOn ? "/ and n" : "off";
  }
}

function isTyping(element) {
  return element.isContentEditable || element.matches("input, textarea, select") || element.closest("dialog[open]");
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
  if (!areOn || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches("input")) target.focus();
  else target.click();
});

show();
