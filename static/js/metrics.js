// The metrics of a run, drawn as they come. The parts are in metrics/.
import { ask } from "./connection.js";
import { Chart } from "./metrics/chart.js";
import { loadPlotter } from "./metrics/plotter.js";
import { number } from "./words.js";

const QUICK = 3_000;
const SLOWEST = 15_000;
const NOTHING = "The run logged no metrics.";
const NOTHING_YET = "No metrics yet. They appear here when the run logs them.";
const UNREADABLE = "The metrics cannot be read at the moment. Trying again.";

function leftOut(more) {
  const [are, them] = more === 1 ? ["metric is", "it"] : ["metrics are", "them"];
  return `${number(more)} more ${are} not shown here. Ask an operator for ${them}.`;
}

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
        // Forget the last answer, so that the same one removes the message again.
        this.#last = "";
        this.#wait = SLOWEST;
      }
    }
    if (!isComplete) setTimeout(() => this.#ask(), this.#wait);
  }

  async #read() {
    const response = await ask(this.#section.dataset.metricsUrl);
    if (!response.ok || response.redirected) throw new Error(`The metrics answered ${response.status}.`);
    const text = await response.text();
    const answer = JSON.parse(text);
    this.#wait = text === this.#last ? Math.min(SLOWEST, this.#wait * 1.4) : QUICK;
    if (text !== this.#last) await this.#show(answer);
    this.#last = text;
    return answer.complete;
  }

  async #show(answer) {
    const { metrics } = answer;
    this.#say(this.#noteOn(answer));
    const shown = this.#limit ? metrics.slice(0, this.#limit) : metrics;
    const more = this.#find("more");
    if (more) more.hidden = metrics.length <= shown.length;
    if (!shown.length) return;
    await loadPlotter(this.#section.dataset.uplot);
    this.#sayStep(shown);
    shown.forEach((metric, index) => this.#chartOf(metric.key, index).show(metric, this.#switches));
  }

  #noteOn({ metrics, more, complete, problem }) {
    if (problem) return problem;
    if (!metrics.length) return complete ? NOTHING : NOTHING_YET;
    // A panel with a limit shows only a few metrics anyway, and links to the rest.
    return more && !this.#limit ? leftOut(more) : "";
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

  #sayStep(metrics) {
    const steps = metrics.map((metric) => metric.points.at(-1)?.[0] ?? 0);
    const step = Math.max(...steps);
    this.#find("step").textContent = step ? `step ${number(step)}` : "";
  }
}

for (const section of document.querySelectorAll("[data-metrics-url]")) new Panel(section);
