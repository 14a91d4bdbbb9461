// Names, comparisons and states for the filter of a table while it is typed: `data-complete` is the address that knows
// what may stand where the cursor is. Arrow keys choose, Tab or Enter takes, Escape closes.
import { ask } from "./connection.js";

const DELAY = 120;

for (const field of document.querySelectorAll("input[data-complete]")) complete(field);

function complete(field) {
  const list = document.createElement("ul");
  list.className = "completions";
  list.id = `${field.id}-completions`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Completions");
  list.hidden = true;
  field.parentElement.append(list);
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": list.id,
  }))
    field.setAttribute(name, value);
  let found = [];
  let chosen = -1;
  let timer = 0;
  let asked = 0;

  function close() {
    found = [];
    chosen = -1;
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function draw() {
    list.replaceChildren(
      ...found.map((one, at) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${at}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", String(at === chosen));
        item.textContent = one.text;
        return item;
      }),
    );
    list.hidden = found.length === 0;
    field.setAttribute("aria-expanded", String(found.length > 0));
    if (chosen >= 0) field.setAttribute("aria-activedescendant", `${list.id}-${chosen}`);
    else field.removeAttribute("aria-activedescendant");
  }

  async function look() {
    const number = ++asked;
    const query = new URLSearchParams({ text: field.value, at: String(field.selectionStart ?? field.value.length) });
    const answer = await ask(`${field.dataset.complete}?${query}`).catch(() => null);
    // An answer to what was typed earlier comes too late.
    if (number !== asked || !answer?.ok || document.activeElement !== field) return;
    found = (await answer.json()).completions;
    chosen = -1;
    draw();
  }

  function take(one) {
    const rest = field.value.slice(one.end);
    const text = `${one.text}${rest.startsWith(" ") ? "" : " "}`;
    field.value = field.value.slice(0, one.begin) + text + rest;
    const at = one.begin + one.text.length + 1;
    field.setSelectionRange(at, at);
    close();
    later();
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(look, DELAY);
  }

  field.addEventListener("input", later);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "ArrowDown" && list.hidden) {
      event.preventDefault();
      look();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && found.length) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      chosen = (chosen + step + found.length + (chosen < 0 && step < 0 ? 1 : 0)) % found.length;
      draw();
    } else if (event.key === "Tab" && found.length && !event.shiftKey) {
      event.preventDefault();
      take(found[Math.max(0, chosen)]);
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      take(found[chosen]);
    }
  });
  // Before the field loses the focus.
  list.addEventListener("mousedown", (event) => {
    const item = event.target.closest("li");
    if (!item) return;
    event.preventDefault();
    take(found[[...list.children].indexOf(item)]);
  });
}
