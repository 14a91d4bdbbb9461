// Buttons with `data-append-to` add their word to a comma-separated field, once.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-append-to]");
  if (!button) return;
  const field = document.getElementById(button.dataset.appendTo);
  const words = field.value.split(",").map((word) => word.trim()).filter(Boolean);
  const added = button.textContent.trim();
  if (!words.includes(added)) field.value = [...words, added].join(", ");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});
