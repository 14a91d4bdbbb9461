// Runs that are ticked in a table, to be compared. They stay ticked while the table is sorted, filtered, paged through or
// drawn again, and in the other tables of their project. Without this the form works as it is.

const MOST = 100;
// Of more, params and results are compared, and no curves.
const MOST_CURVES = 10;

function note(count) {
  if (count === 1) return "1 run is ticked. Tick another one to compare them.";
  if (count > MOST) return `${count} runs are ticked. Compare ${MOST} at most.`;
  return count > MOST_CURVES ? `Params and results; curves of ${MOST_CURVES} at most.` : "";
}

// Runs are compared in the order in which they were ticked, and a run's place in it is the colour of its curves.
function colour(row, place) {
  if (place === undefined) delete row.dataset.line;
  else row.dataset.line = place;
}

class TickBar {
  #form;
  #button;
  #words;
  #note;

  constructor(form) {
    this.#form = form;
    this.#button = form.querySelector("button");
    this.#words = form.querySelector("[data-tick-words]");
    this.#note = form.querySelector("[data-tick-note]");
    document.addEventListener("change", ({ target }) => {
      if (target.form !== form || target.type !== "checkbox") return;
      const ticked = this.#ticked;
      if (target.checked) ticked.add(target.value);
      else ticked.delete(target.value);
      this.#keep(ticked);
    });
    form.querySelector("[data-tick-none]").addEventListener("click", () => this.#keep(new Set()));
    // Those on other pages of the table have no box here.
    form.addEventListener("formdata", ({ formData }) => {
      formData.delete("run");
      for (const run of this.#ticked) formData.append("run", run);
    });
    document.addEventListener("htmx:afterSettle", () => this.#show(this.#ticked));
    window.addEventListener("pageshow", () => this.#show(this.#ticked));
    this.#show(this.#ticked);
  }

  get #key() {
    return `ticked ${this.#form.getAttribute("action")}`;
  }

  get #ticked() {
    return new Set(JSON.parse(sessionStorage.getItem(this.#key) ?? "[]"));
  }

  #keep(ticked) {
    sessionStorage.setItem(this.#key, JSON.stringify([...ticked]));
    this.#show(ticked);
  }

  #show(ticked) {
    const count = ticked.size;
    const places = new Map([...ticked].map((run, place) => [run, place]));
    for (const box of this.#form.elements) {
      if (box.type !== "checkbox") continue;
      box.checked = places.has(box.value);
      colour(box.closest("tr"), count > MOST_CURVES ? undefined : places.get(box.value));
    }
    this.#form.classList.toggle("is-needed", count > 0);
    this.#words.textContent = count > 1 ? `Compare ${count} runs` : "Compare";
    this.#button.disabled = count < 2 || count > MOST;
    this.#note.textContent = note(count);
  }
}

for (const form of document.querySelectorAll("[data-ticks]")) new TickBar(form);
