// Asks before somebody leaves a page whose `data-warn-unsaved` form is filled in. A form that came back with errors
// counts as filled in, unless `data-untouched` says that the link which opened it caused them.

const unsaved = new Set();

function look() {
  for (const form of document.querySelectorAll("form[data-warn-unsaved]")) {
    if (!form.matches("[data-untouched]") && form.querySelector(".has-error")) unsaved.add(form);
  }
}

look();
document.addEventListener("htmx:afterSwap", look);

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-warn-unsaved]")) unsaved.add(form);
});

document.addEventListener("submit", (event) => unsaved.delete(event.target));

window.addEventListener("beforeunload", (event) => {
  for (const form of unsaved) if (!form.isConnected) unsaved.delete(form);
  if (unsaved.size) event.preventDefault();
});
