// One metric: its name and last value, its line, and its numbers as a table.
import { measure } from "../words.js";
import { positive, smoothed } from "./numbers.js";
import { fillTable, makeTable } from "./table.js";

const COLOURS = 4;
const FONT = '11px "Inter", system-ui, sans-serif';

export class Chart {
  #root;
  #plotBox;
  #last;
  #table;
  #probes;
  #plot = null;
  #metric = null;
  #switches = {};

  constructor(host, key, index) {
    this.#root = element("figure", "chart");
    const head = element("figcaption", "chart-head");
    const name = element("h3", "chart-key", key);
    name.title = key;
    this.#last = element("span", "chart-last");
    head.append(name, this.#last);
    this.#plotBox = element("div", "chart-plot");
    this.#plotBox.setAttribute("role", "img");
    this.#table = makeTable(key);
    this.#probes = {
      line: element("span", `chart-probe chart-colour-${index % COLOURS}`),
      grid: element("span", "chart-probe chart-grid"),
      labels: element("span", "chart-probe chart-labels"),
    };
    this.#root.append(head, this.#plotBox, this.#table, ...Object.values(this.#probes));
    host.append(this.#root);
    new ResizeObserver(() => this.#fit()).observe(this.#plotBox);
  }

  show(metric, switches) {
    this.#metric = metric;
    this.#last.textContent = measure(metric.last);
    this.#plotBox.setAttribute("aria-label", description(metric));
    fillTable(this.#table, metric.points);
    if (this.#plot && same(switches, this.#switches)) this.#plot.setData(this.#data(switches));
    else this.redraw(switches);
  }

  /** The theme or a switch has changed: colours and scales are fixed when a plot is made. */
  redraw(switches) {
    this.#switches = { ...switches };
    this.#plot?.destroy();
    this.#plot = new window.uPlot(this.#options(switches), this.#data(switches), this.#plotBox);
  }

  #data({ isLog, isSmooth }) {
    const steps = this.#metric.points.map(([step]) => step);
    const values = this.#metric.points.map(([, value]) => value);
    const shown = isLog ? positive(values) : values;
    return isSmooth ? [steps, shown, smoothed(shown)] : [steps, shown];
  }

  #colour(name) {
    return getComputedStyle(this.#probes[name]).color;
  }

  #options({ isLog, isSmooth }) {
    const line = this.#colour("line");
    // Asked each time that the line is drawn, because points are added. A line of one point would not be seen.
    const isLonely = (plot) => plot.data[0].length === 1;
    const series = { stroke: line, width: 1.5, points: { show: isLonely, size: 7, fill: line } };
    const quiet = { ...series, width: 1, alpha: 0.35 };
    return {
      width: this.#plotBox.clientWidth,
      height: this.#plotBox.clientHeight,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false },
        points: { size: 6, fill: line, stroke: line },
        sync: { key: "metrics", setSeries: false },
      },
      scales: { x: { time: false, range: wide }, y: isLog ? { distr: 3 } : {} },
      axes: [this.#axis({ size: 22, space: 70, grid: { show: false } }), this.#axis({ size: widthOf, space: 26 })],
      series: isSmooth ? [{}, quiet, series] : [{}, series],
      hooks: { setCursor: [(plot) => this.#point(plot)] },
    };
  }

  #axis({ size, space, grid = {} }) {
    return {
      stroke: this.#colour("labels"),
      font: FONT,
      size,
      space,
      gap: 4,
      ticks: { show: false },
      grid: { stroke: this.#colour("grid"), width: 1, ...grid },
      values: (_plot, splits) => splits.map((value) => (value === null ? "" : measure(value))),
    };
  }

  // Show the value at the crosshair, or the last one.
  #point(plot) {
    const at = plot.cursor.idx;
    const point = at === null || at === undefined ? null : this.#metric.points[at];
    this.#last.textContent = point ? `step ${measure(point[0])}: ${measure(point[1])}` : measure(this.#metric.last);
  }

  #fit() {
    this.#plot?.setSize({ width: this.#plotBox.clientWidth, height: this.#plotBox.clientHeight });
  }
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function description({ key, points, last }) {
  const count = points.length === 1 ? "1 point" : `${points.length} points`;
  return `${key}: ${count}, last ${measure(last)}. The numbers follow as a table.`;
}

function same(one, other) {
  return one.isLog === other.isLog && one.isSmooth === other.isSmooth;
}

// A single step has no width, so the range is widened.
function wide(_plot, least, most) {
  return least === most ? [least - 1, most + 1] : [least, most];
}

// As wide as the longest label needs.
function widthOf(_plot, labels) {
  const longest = Math.max(0, ...(labels ?? []).map((label) => label.length));
  return Math.max(26, 10 + longest * 6.5);
}
