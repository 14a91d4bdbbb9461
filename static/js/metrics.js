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

// How many metrics are shown at first, and how many more each time that somebody asks for more.
const PORTION = 24;

function nextOnes(more) {
  const next = Math.min(more, PORTION);
  const metrics = next === 1 ? "1 more metric" : `${number(next)} more metrics`;
  return next < more ? `Show ${metrics} of ${number(more)}` : `Show ${metrics}`;
}

class Panel {
  #section;
  #charts = new Map();
  #wait = QUICK;
  #last = "";
  #version = "";
  #shown = PORTION;
  #timer = 0;

  constructor(section) {
    this.#section = section;
    if (this.#limit) this.#shown = this.#limit;
    this.#find("next").addEventListener("click", () => this.#showMore());
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
        this.#last = this.#version = "";
        this.#wait = SLOWEST;
      }
    }
    // One that was asked for meanwhile has set another one.
    clearTimeout(this.#timer);
    if (!isComplete) this.#timer = setTimeout(() => this.#ask(), this.#wait);
  }

  async #read() {
    const query = new URLSearchParams({ shown: this.#shown, known: this.#version });
    const response = await ask(`${this.#section.dataset.metricsUrl}?${query}`);
    if (!response.ok || response.redirected) throw new Error(`The metrics answered ${response.status}.`);
    const text = response.status === 204 ? this.#last : await response.text();
    const answer = JSON.parse(text);
    this.#wait = text === this.#last ? Math.min(SLOWEST, this.#wait * 1.4) : QUICK;
    if (text !== this.#last) await this.#show(answer);
    this.#last = text;
    this.#version = answer.version;
    return answer.complete;
  }

  // The number of charts that there are says where the first of the new ones is, for who uses the keyboard.
  async #showMore() {
    const before = this.#charts.size;
    this.#shown += PORTION;
    this.#version = "";
    this.#find("next").disabled = true;
    await this.#ask();
    this.#find("next").disabled = false;
    this.#find("charts").children[before]?.querySelector("summary")?.focus({ preventScroll: true });
  }

  async #show(answer) {
    const { metrics, more } = answer;
    this.#say(this.#noteOn(answer));
    const link = this.#find("more");
    if (link) link.hidden = !more;
    const next = this.#find("next");
    next.hidden = !more || Boolean(this.#limit);
    next.textContent = nextOnes(more);
    if (!metrics.length) return;
    await loadPlotter(this.#section.dataset.uplot);
    this.#sayStep(metrics);
    metrics.forEach((metric, index) => this.#chartOf(metric.key, index).show(metric, this.#switches));
  }

  #noteOn({ metrics, complete, problem }) {
    if (problem) return problem;
    if (metrics.length) return "";
    return complete ? NOTHING : NOTHING_YET;
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
