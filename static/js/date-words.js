// Browsers show the date of a field in the order of their own language, 03/04/2027. Below it, this says which day that is
// as all pages write it, in the line of the field's help.
import { dayInWords } from "./words.js";

function tell(field) {
  const control = field.closest(".control");
  if (!control) return;
  const said = control.parentElement.querySelector("[data-date-words]");
  const words = dayInWords(field.value);
  if (said?.textContent === words) return;
  said?.remove();
  if (!words) return;
  const line = document.createElement("p");
  line.className = "field-help";
  line.dataset.dateWords = "";
  line.textContent = words;
  control.after(line);
}

function tellAll() {
  for (const field of document.querySelectorAll("input[type=date]")) tell(field);
}

tellAll();
document.addEventListener("input", ({ target }) => {
  if (target.matches?.("input[type=date]")) tell(target);
});
// Fields that were drawn again have lost it.
document.addEventListener("htmx:afterSettle", tellAll);
