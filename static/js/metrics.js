// The metrics of a run, drawn as they come. The parts are in metrics/.
import { Chart } from "./metrics/chart.js";
import { loadPlotter } from "./metrics/plotter.js";
import { number } from "./words.js";

const QUICK = 3_000;
const SLOWEST = 15_000;
const NOTHING = "No metric was logged.";
const NOTHING_YET = "No metric yet. They appear here as the run logs them.";
const UNREADABLE = "The metrics cannot be read just now; they are asked for again.";

class Panel {
  #section;
  #charts = new Map();
  #wait = QUICK;
  #last = "";

  constructor(section) {
    this.#section = section;
    if (!this.#limit) this.#find("charts").classList.add("charts-tall");
    for (const name of ["log", "smooth"]) {
      this.#find(name)?.addEventListener("change", () => this.#redraw());
    }
    document.addEventListener("mantik:theme", () => this.#redraw());
    this.#ask();
  }

  get #limit() {
    return Number(this.#section.dataset.metricsLimit);
  }

  get #switches() {
    return { isLog: Boolean(this.#find("log")?.checked), isSmooth: Boolean(this.#find("smooth")?.checked) };
  }

  #find(name) {
    return this.#section.querySelector(`[data-metrics-${name}]`);
  }

  async #ask() {
    let isComplete = false;
    if (!document.hidden) {
      try {
        isComplete = await this.#read();
      } catch {
        this.#say(UNREADABLE);
        this.#wait = SLOWEST;
      }
    }
    if (!isComplete) setTimeout(() => this.#ask(), this.#wait);
  }

  async #read() {
    const response = await fetch(this.#section.dataset.metricsUrl, { credentials: "same-origin" });
    if (!response.ok || response.redirected) throw new Error(`The metrics answered ${response.status}.`);
    const text = await response.text();
    const answer = JSON.parse(text);
    this.#wait = text === this.#last ? Math.min(SLOWEST, this.#wait * 1.4) : QUICK;
    if (text !== this.#last) await this.#show(answer);
    this.#last = text;
    return answer.complete;
  }

  async #show({ metrics, step_total: total, complete, problem }) {
    this.#say(problem ?? (metrics.length ? "" : complete ? NOTHING : NOTHING_YET));
    const shown = this.#limit ? metrics.slice(0, this.#limit) : metrics;
    const more = this.#find("more");
    if (more) more.hidden = metrics.length <= shown.length;
    if (!shown.length) return;
    await loadPlotter(this.#section.dataset.uplot);
    this.#sayStep(shown, total);
    shown.forEach((metric, index) => this.#chartOf(metric.key, index).show(metric, this.#switches));
  }

  #chartOf(key, index) {
    if (!this.#charts.has(key)) this.#charts.set(key, new Chart(this.#find("charts"), key, index));
    return this.#charts.get(key);
  }

  #redraw() {
    for (const chart of this.#charts.values()) chart.redraw(this.#switches);
  }

  #say(text) {
    const note = this.#find("note");
    note.textContent = text;
    note.hidden = !text;
  }

  #sayStep(metrics, total) {
    const steps = metrics.map((metric) => metric.points.at(-1)?.[0] ?? 0);
    const step = Math.max(...steps);
    this.#find("step").textContent = step ? `step ${number(step)}${total ? ` of ${total}` : ""}` : "";
  }
}

for (const section of document.querySelectorAll("[data-metrics-url]")) new Panel(section);
