// Runs that are ticked in a list, to be compared. Without this the form works as it is.

const MOST = 10;

class TickBar {
  #form;
  #button;
  #note;
  #ticked = new Set();

  constructor(form) {
    this.#form = form;
    this.#button = form.querySelector("button");
    this.#note = form.querySelector("[data-tick-note]");
    document.addEventListener("change", (event) => {
      if (event.target.form !== form || event.target.type !== "checkbox") return;
      if (event.target.checked) this.#ticked.add(event.target.value);
      else this.#ticked.delete(event.target.value);
      this.#tell();
    });
    form.querySelector("[data-tick-none]").addEventListener("click", () => {
      this.#ticked.clear();
      this.#restore();
    });
    // Rows that come anew are not ticked; a browser that leads back ticks them by itself.
    document.addEventListener("htmx:afterSettle", () => this.#restore());
    window.addEventListener("pageshow", () => this.#read());
    this.#read();
  }

  get #boxes() {
    return [...this.#form.elements].filter((box) => box.type === "checkbox");
  }

  #read() {
    for (const box of this.#boxes) if (box.checked) this.#ticked.add(box.value);
    this.#tell();
  }

  #restore() {
    const there = new Set(this.#boxes.map((box) => box.value));
    for (const value of this.#ticked) if (!there.has(value)) this.#ticked.delete(value);
    for (const box of this.#boxes) box.checked = this.#ticked.has(box.value);
    this.#tell();
  }

  #tell() {
    const count = this.#ticked.size;
    this.#form.classList.toggle("is-needed", count > 0);
    this.#button.textContent = count > 1 ? `Compare ${count} runs` : "Compare";
    this.#button.disabled = count < 2 || count > MOST;
    const words = { 1: "1 run is ticked. Tick another one to compare them." }[count] ?? "";
    this.#note.textContent = count > MOST ? `${count} runs are ticked. Compare ${MOST} at most.` : words;
  }
}

for (const form of document.querySelectorAll("[data-ticks]")) new TickBar(form);
