// A form with `data-submit-once` is sent once, however often its button is pressed. The button then shows `data-busy`.

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-submit-once]") || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "true";
  const button = event.submitter;
  if (button) showBusy(button);
});

function showBusy(button) {
  button.setAttribute("aria-disabled", "true");
  button.classList.add("is-busy");
  const label = [...button.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  if (!button.dataset.busy || !label) return;
  button.dataset.label = label.data;
  label.data = `${button.dataset.busy}…`;
}

// The browser may restore the page from its cache, with the form still marked as sent.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll(".is-busy")) {
    button.classList.remove("is-busy");
    button.removeAttribute("aria-disabled");
    const label = [...button.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (button.dataset.label && label) label.data = button.dataset.label;
  }
});
