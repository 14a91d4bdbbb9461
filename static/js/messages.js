// Messages: those of the page can be dismissed, and scripts can add one of their own.

/** Say `text` in the corner of the page, to eyes and to screen readers. `hue` as in tokens.css. Never twice at a time. */
export function say(text, hue = "bad") {
  const toasts = document.getElementById("toasts");
  const template = document.getElementById("toast");
  if (!toasts || !template) return;
  const said = [...toasts.querySelectorAll("p")].some((line) => line.textContent === text);
  if (said) return;
  const toast = template.content.firstElementChild.cloneNode(true);
  toast.classList.add(`hue-${hue}`);
  toast.querySelector("p").textContent = text;
  toasts.append(toast);
}

/** Take back what `say` said with this text. */
export function unsay(text) {
  for (const line of document.querySelectorAll("#toasts p")) {
    if (line.textContent === text) line.closest("[data-dismissable]").remove();
  }
}

/** Tell screen readers only. */
export function whisper(text) {
  const region = document.getElementById("whisper");
  if (region) region.textContent = text;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (!button) return;
  button.closest("[data-dismissable]").remove();
  document.getElementById("main")?.focus({ preventScroll: true });
});
