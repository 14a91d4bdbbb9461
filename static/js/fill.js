// A button with `data-fill`, the id of a field, fills its own value into that field. Without JavaScript it sends the
// form, which comes back with the value. `aria-pressed` is on buttons to choose from: whether the field has the
// button's value.

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-fill]");
  const field = button && document.getElementById(button.dataset.fill);
  if (!field) return;
  event.preventDefault();
  field.value = button.value;
  // Whoever chooses among several buttons may try another one; otherwise they will continue to type.
  if (!button.hasAttribute("aria-pressed")) field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("input", ({ target }) => {
  for (const button of document.querySelectorAll("button[data-fill][aria-pressed]")) {
    if (button.dataset.fill === target.id) button.setAttribute("aria-pressed", String(button.value === target.value.trim()));
  }
});
