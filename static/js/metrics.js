// The metrics of a run, or of several: listed at once, drawn as they are scrolled to. The parts are in metrics/.
import { Chart } from "./metrics/chart.js";
import { grouped, matching } from "./metrics/names.js";
import { AXES } from "./metrics/numbers.js";
import { loadPlotter } from "./metrics/plotter.js";
import { batch, Source } from "./metrics/source.js";
import { chosen, onTools, typedSteps } from "./metrics/tools.js";
import { number } from "./words.js";

const PAUSE = 2_000;
const AFTER_FAILURE = 5_000;
// How many frames for charts are made at a time; the next ones as the end of these is scrolled to.
const PORTION = 60;
const NOTHING = "No metrics were logged.";
const NOTHING_YET = "No metrics yet. They appear here when they are logged.";
const NO_MATCH = "No metric has these words in its name.";
const UNREADABLE = "The metrics cannot be read at the moment. Trying again.";

class Panel {
  #section;
  #source;
  #lead;
  #entries = new Map();
  #charts = new Map();
  #groups = new Map();
  #seen = new Set();
  #rest = [];
  #version = "";
  #timer = 0;
  #isFetching = false;
  #isDone = false;
  #seeing;
  #ending;

  constructor(section) {
    this.#section = section;
    const { metricsUrl, metricsPointsUrl, metricsLead } = section.dataset;
    this.#source = new Source(metricsUrl, metricsPointsUrl);
    this.#lead = Number(metricsLead);
    const marks = [...section.querySelectorAll("[data-line]")];
    this.page = {
      names: marks.map((mark) => mark.dataset.line),
      keys: marks,
      csv: section.dataset.metricsCsvUrl,
      view: { ...chosen(section), zoom: null },
      starts: [],
      zoomTo: (from, to) => this.#zoom([from, to]),
      showWhole: () => this.#zoom(null),
    };
    this.#seeing = new IntersectionObserver((changes) => this.#see(changes), { rootMargin: "200px 0px" });
    this.#ending = new IntersectionObserver((changes) => changes.some((one) => one.isIntersecting) && this.#goOn(), { rootMargin: "600px 0px" });
    this.#ending.observe(this.#find("end"));
    onTools(section, {
      find: () => this.#arrange(),
      redraw: () => this.#look(),
      axis: () => this.#zoom(null),
      range: () => this.#zoomToTyped(),
      whole: () => this.#zoom(null),
    });
    document.addEventListener("mantik:theme", () => this.#drawSeen());
    document.addEventListener("visibilitychange", () => document.hidden || this.#isDone || this.#ask());
    this.#ask();
  }

  #find(name) {
    return this.#section.querySelector(`[data-metrics-${name}]`);
  }

  async #ask() {
    clearTimeout(this.#timer);
    try {
      this.#isDone = !document.hidden && (await this.#read());
      if (!this.#isDone) this.#askIn(PAUSE);
    } catch {
      this.#fail();
    }
  }

  #askIn(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), wait);
  }

  #fail() {
    this.#isDone = false;
    this.#say(UNREADABLE);
    // Forget what is known, so that the same answer takes the words away again.
    this.#version = "";
    this.#askIn(AFTER_FAILURE);
  }

  // Returns whether nothing will change any more.
  async #read() {
    const answer = await this.#source.news(this.#version, this.#lead);
    if (answer) {
      this.#take(answer);
      // What draws and what is drawn are fetched at once.
      await Promise.all([this.#entries.size && this.#loadPlotter(), this.#fetchSeen()]);
    } else if (this.#seenStale().length) {
      await this.#fetchSeen();
    }
    return Boolean(answer?.complete) && !this.#seenStale().length;
  }

  #take({ metrics, starts, version, complete, problem, count }) {
    this.#version = version;
    this.page.starts = starts;
    let isNew = false;
    for (const { key, rank, lines } of metrics) {
      isNew ||= !this.#entries.has(key);
      const entry = this.#entries.get(key) ?? { key, rank, lines: {} };
      Object.assign(entry.lines, lines);
      entry.version = Object.entries(entry.lines).map(([at, line]) => `${at}:${line.version}`).join();
      this.#entries.set(key, entry);
      this.#charts.get(key)?.showLast();
    }
    if (isNew) this.#arrange();
    this.#say(problem ?? (this.#entries.size ? "" : complete ? NOTHING : NOTHING_YET));
    this.#sayStep();
    const more = this.#find("more");
    if (more) more.hidden = count <= this.#entries.size;
  }

  // Frames in the order of their groups. Charts that are there stay as they are.
  #arrange() {
    const text = this.#find("find")?.value ?? "";
    const entries = [...this.#entries.values()];
    const found = matching(entries, text);
    const groups = grouped(found);
    this.#find("charts").replaceChildren();
    this.#rest = groups.flatMap(({ prefix, entries }) => entries.map((entry) => ({ prefix, entry, size: entries.length, isOnly: groups.length === 1 })));
    this.#groups.clear();
    this.#goOn();
    const count = this.#find("count");
    if (count) count.textContent = countWords(found.length, entries.length);
    const nothing = this.#find("no-match");
    if (nothing) {
      nothing.textContent = entries.length && !found.length ? NO_MATCH : "";
      nothing.hidden = !nothing.textContent;
    }
  }

  #goOn() {
    for (const { prefix, entry, size, isOnly } of this.#rest.splice(0, PORTION)) {
      if (!this.#groups.has(prefix)) this.#groups.set(prefix, this.#makeGroup(prefix, size, isOnly));
      this.#groups.get(prefix).append(this.#chartOf(entry).root);
    }
    // So that it tells again if the end is still in view.
    const end = this.#find("end");
    this.#ending.unobserve(end);
    if (this.#rest.length) this.#ending.observe(end);
  }

  #makeGroup(prefix, size, isOnly) {
    const details = document.createElement("details");
    details.className = isOnly ? "chart-group is-only" : "chart-group";
    details.open = true;
    const summary = document.createElement("summary");
    const heading = document.createElement("h3");
    heading.textContent = prefix || "Without a group";
    const count = document.createElement("span");
    count.className = "panel-note";
    count.textContent = number(size);
    summary.append(heading, count);
    const charts = document.createElement("div");
    charts.className = this.#lead ? "charts" : "charts charts-tall";
    details.append(summary, charts);
    this.#find("charts").append(details);
    return charts;
  }

  #chartOf(entry) {
    if (!this.#charts.has(entry.key)) {
      const chart = new Chart(entry, this.page);
      this.#charts.set(entry.key, chart);
      chart.root.chart = chart;
      this.#seeing.observe(chart.root);
    }
    return this.#charts.get(entry.key);
  }

  #see(changes) {
    for (const { target, isIntersecting } of changes) {
      if (isIntersecting) {
        this.#seen.add(target.chart);
        if (window.uPlot) target.chart.draw();
      } else {
        this.#seen.delete(target.chart);
        target.chart.rest();
      }
    }
    this.#fetchSeen().catch(() => this.#fail());
  }

  #seenStale() {
    return [...this.#seen].filter((chart) => chart.isStale);
  }

  // Those that have nothing yet come first. What is scrolled to meanwhile is fetched next.
  async #fetchSeen() {
    if (this.#isFetching) return;
    this.#isFetching = true;
    try {
      for (let stale = this.#seenStale(); stale.length; stale = this.#seenStale()) {
        const steps = stale[0].stepsWanted;
        await this.#fetch(batch(stale.filter((chart) => String(chart.stepsWanted) === String(steps))), steps);
      }
    } finally {
      this.#isFetching = false;
    }
  }

  async #fetch(charts, steps) {
    // What is logged meanwhile has a newer version, and is fetched again.
    const versions = charts.map((chart) => this.#entries.get(chart.key).version);
    const found = await this.#source.points(charts.map((chart) => chart.key), steps, Math.max(...charts.map((chart) => chart.room)));
    const lines = new Map(found.map((metric) => [metric.key, metric.lines]));
    charts.forEach((chart, at) => {
      chart.take(lines.get(chart.key) ?? {}, versions[at], steps);
      if (window.uPlot && this.#seen.has(chart)) chart.draw();
    });
  }

  async #loadPlotter() {
    if (window.uPlot) return;
    await loadPlotter(this.#section.dataset.uplot);
    this.#drawSeen();
  }

  #drawSeen() {
    if (window.uPlot) for (const chart of this.#seen) chart.draw();
  }

  #look() {
    Object.assign(this.page.view, chosen(this.#section));
    this.#drawSeen();
  }

  #zoom(range) {
    Object.assign(this.page.view, chosen(this.#section), { zoom: range });
    const whole = this.#find("whole");
    if (whole) whole.hidden = !range;
    const words = AXES[this.page.view.axis].words;
    this.#find("zoomed").textContent = range ? `From ${words(range[0])} to ${words(range[1])}.` : "";
    this.#drawSeen();
    this.#fetchSeen().catch(() => this.#fail());
  }

  #zoomToTyped() {
    const steps = typedSteps(this.#section);
    const problem = this.#find("range-problem");
    problem.hidden = Boolean(steps);
    if (!steps) return;
    this.#find("axis").value = "step";
    this.#zoom(steps);
    this.#find("range").closest("details").open = false;
  }

  #say(text) {
    const note = this.#find("note");
    note.textContent = text;
    note.hidden = !text;
  }

  #sayStep() {
    const steps = [...this.#entries.values()].flatMap(({ lines }) => Object.values(lines).map((line) => line.lastStep));
    const step = steps.reduce((most, one) => Math.max(most, one), 0);
    this.#find("step").textContent = step ? `step ${number(step)}` : "";
  }
}

function countWords(found, all) {
  const metrics = all === 1 ? "1 metric" : `${number(all)} metrics`;
  return found === all ? metrics : `${number(found)} of ${metrics}`;
}

for (const section of document.querySelectorAll("[data-metrics-url]")) new Panel(section);
