// A button with `data-fill`, the id of a field, puts its own value there. Without this it sends the form, which comes
// back filled in so. One of several to choose from says with `aria-pressed` whether its value stands there.

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-fill]");
  const field = button && document.getElementById(button.dataset.fill);
  if (!field) return;
  event.preventDefault();
  field.value = button.value;
  // Who chooses among several stays with them; the others are about to type on.
  if (!button.hasAttribute("aria-pressed")) field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("input", ({ target }) => {
  for (const button of document.querySelectorAll("button[data-fill][aria-pressed]")) {
    if (button.dataset.fill === target.id) button.setAttribute("aria-pressed", String(button.value === target.value.trim()));
  }
});
