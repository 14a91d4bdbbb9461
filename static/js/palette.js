// Ctrl-K, or a link with `data-palette`, shows the search of everything above the page. `data-palette` is the address of
// what it finds. Without JavaScript the link leads to the page of the search.
import { ask } from "./connection.js";

const PAUSE = 120;
const TEXT_LIMIT = 100;

class Palette {
  #link;
  #dialog = document.createElement("dialog");
  #field = document.createElement("input");
  #body = document.createElement("div");
  #back = document.activeElement;
  #timer = 0;
  #asked = 0;
  #wantsFirst = false;

  constructor(link) {
    this.#link = link;
    this.#dialog.className = "palette is-typing";
    this.#dialog.setAttribute("aria-label", "Search everything");
    this.#field.className = "palette-field";
    this.#field.type = "search";
    this.#field.maxLength = TEXT_LIMIT;
    this.#field.placeholder = "Project, run, model, schedule, action";
    this.#field.autocomplete = "off";
    this.#field.setAttribute("aria-label", "Search everything by name");
    this.#body.className = "palette-body";
    const foot = document.createElement("p");
    foot.className = "palette-foot";
    foot.textContent = "↑ ↓ to choose, Enter to open, Esc to close";
    this.#dialog.append(this.#field, this.#body, foot);
    this.#dialog.addEventListener("keydown", (event) => this.#press(event));
    this.#dialog.addEventListener("focusin", () => this.#mark());
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close());
    this.#field.addEventListener("input", () => this.#later());
    this.#dialog.addEventListener("close", () => this.#leave());
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.#field.focus();
    this.#find();
  }

  get #hits() {
    return [...this.#body.querySelectorAll("a")];
  }

  #later() {
    clearTimeout(this.#timer);
    // What is there belongs to another text: Enter waits for its answer.
    this.#body.firstElementChild?.classList.add("is-old");
    this.#timer = setTimeout(() => this.#find(), PAUSE);
  }

  async #find() {
    const turn = ++this.#asked;
    const url = new URL(this.#link.dataset.palette, location.href);
    url.search = new URL(this.#link.href).search;
    url.searchParams.set("q", this.#field.value);
    let text = "";
    try {
      const response = await ask(url);
      text = response.ok ? await response.text() : "";
    } catch {
      // The bar at the foot of the page tells it.
    }
    // A later text was typed meanwhile.
    if (turn !== this.#asked || !this.#dialog.open) return;
    this.#show(text);
  }

  #show(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const found = page.querySelector("[data-found]");
    if (found) this.#body.replaceChildren(document.adoptNode(found));
    else this.#body.replaceChildren(this.#remark("Mantik did not answer. Type on to search again."));
    this.#body.scrollTop = 0;
    if (this.#wantsFirst) this.#hits[0]?.click();
    this.#wantsFirst = false;
  }

  #remark(words) {
    const remark = document.createElement("p");
    remark.className = "found-remark";
    remark.setAttribute("role", "status");
    remark.textContent = words;
    return remark;
  }

  #press(event) {
    const hits = this.#hits;
    const at = hits.indexOf(document.activeElement);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      // The first is chosen while somebody types, so the first step leads to the second.
      const from = at < 0 ? 0 : at;
      const next = event.key === "ArrowDown" ? hits[from + 1] : hits[at - 1];
      if (next) next.focus();
      else if (event.key === "ArrowUp") this.#field.focus();
    } else if (event.key === "Escape") {
      // By itself it would only empty the field.
      event.preventDefault();
      this.#dialog.close();
    } else if (event.key === "Enter" && at < 0) {
      event.preventDefault();
      if (this.#body.querySelector(".found:not(.is-old)")) hits[0]?.click();
      else this.#wantsFirst = true;
    } else if (at >= 0 && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
      // Whoever types on goes on in the field.
      this.#field.focus();
    }
  }

  #mark() {
    this.#dialog.classList.toggle("is-typing", document.activeElement === this.#field);
  }

  #leave() {
    clearTimeout(this.#timer);
    this.#dialog.remove();
    this.#back?.focus?.();
  }
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target.closest("a[data-palette]");
  if (!link) return;
  event.preventDefault();
  new Palette(link);
});

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  const link = document.querySelector("a[data-palette]");
  if (!link) return;
  event.preventDefault();
  if (!document.querySelector("dialog[open]")) new Palette(link);
});
