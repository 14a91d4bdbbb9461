// Leaving a page whose `data-warn-unsaved` form was filled in asks first. A form that came back with errors counts as filled in;
// one that has them because of the link that opened it says `data-untouched`.

const unsaved = new Set();

for (const form of document.querySelectorAll("form[data-warn-unsaved]")) {
  if (!form.matches("[data-untouched]") && form.querySelector(".has-error")) unsaved.add(form);
}

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-warn-unsaved]")) unsaved.add(form);
});

document.addEventListener("submit", (event) => unsaved.delete(event.target));

window.addEventListener("beforeunload", (event) => {
  for (const form of unsaved) if (!form.isConnected) unsaved.delete(form);
  if (unsaved.size) event.preventDefault();
});
