// Lets people dismiss the messages of a page, and scripts add messages of their own.

/** Show `text` in the corner of the page, unless it is there, and announce it. `hue`: as in tokens.css. */
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

/** Remove the message that `say` has added with this text. */
export function unsay(text) {
  for (const line of document.querySelectorAll("#toasts p")) {
    if (line.textContent === text) line.closest("[data-dismissable]").remove();
  }
}

/** Announce `text` to screen readers only. */
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
