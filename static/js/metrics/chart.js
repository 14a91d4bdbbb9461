// One metric: its name and last values, its lines, and its numbers as a table. It is drawn while it can be seen.
import { AXES, notFiniteWords, positive, smoothed, valueWords } from "./numbers.js";
import { optionsOf } from "./plot.js";
import { nearest, rowsOf } from "./rows.js";
import { fillTable, makeTable } from "./table.js";

export class Chart {
  #entry;
  #page;
  #last;
  #plotBox;
  #note;
  #table;
  #probes;
  #plot = null;
  #drawnWith = "";
  // Of all steps, and of those that are zoomed to: {lines, version, steps}.
  #whole = null;
  #part = null;
  #rows = null;

  /** `page`: {names, csv, view, starts, zoomTo(from, to), showWhole()}. */
  constructor(entry, page) {
    this.#entry = entry;
    this.#page = page;
    this.root = element("figure", "chart");
    const head = element("figcaption", "chart-head");
    const name = element("h4", "chart-key", entry.key);
    name.title = entry.key;
    this.#last = element("span", "chart-last");
    head.append(name, this.#last);
    this.#plotBox = element("div", "chart-plot");
    this.#plotBox.setAttribute("role", "img");
    this.#note = element("p", "chart-note");
    this.#note.hidden = true;
    this.#table = makeTable(entry.key, page.csv);
    this.#probes = Object.fromEntries(["grid", "labels", "mark"].map((what) => [what, element("span", `chart-probe chart-${what}`)]));
    this.root.append(head, this.#plotBox, this.#note, this.#table, ...Object.values(this.#probes));
    this.showLast();
    new ResizeObserver(() => this.#fit()).observe(this.#plotBox);
  }

  get key() {
    return this.#entry.key;
  }

  /** How many buckets of each line it has room for: two pixels each. */
  get room() {
    return Math.min(1000, Math.max(100, Math.ceil(this.#plotBox.clientWidth / 200) * 100));
  }

  /** Whether what it has is not of its metric as it is now. */
  get isStale() {
    return this.#current?.version !== this.#entry.version || !same(this.#current.steps, this.stepsWanted);
  }

  /** The first and last step of what is zoomed to; null for all of them. */
  get stepsWanted() {
    const { zoom, axis } = this.#page.view;
    if (!zoom) return null;
    if (axis === "step") return [Math.floor(zoom[0]), Math.ceil(zoom[1])];
    const found = this.#whole ? stepsIn(this.#whole.lines, zoom, this.#place()) : [];
    return found.length ? [Math.min(...found), Math.max(...found)] : null;
  }

  get #current() {
    return this.stepsWanted ? this.#part : this.#whole;
  }

  /** `lines`: of the metric as it was at `version`. */
  take(lines, version, steps) {
    const found = { lines, version, steps };
    if (steps) this.#part = found;
    else this.#whole = found;
  }

  showLast() {
    const values = this.#page.names.map((_, at) => this.#entry.lines[at]?.last);
    this.#say("", values);
    this.#plotBox.setAttribute("aria-label", description(this.#entry, this.#page.names));
  }

  draw() {
    const found = this.#current ?? this.#whole;
    if (!found) return;
    const { view, names } = this.#page;
    const lines = names.map((_, at) => found.lines[at] ?? null);
    this.#rows = rowsOf(lines, this.#place());
    const data = this.#dataOf(view);
    fillTable(this.#table, this.#rows, names.length === 1 ? ["Value"] : names);
    this.#sayNotFinite(lines);
    const looks = this.#looks();
    const drawnWith = JSON.stringify([view, looks]);
    if (this.#plot && drawnWith === this.#drawnWith) {
      this.#plot.setData(data);
      return;
    }
    this.#plot?.destroy();
    const on = { point: (row) => this.#point(row), zoom: this.#page.zoomTo, whole: this.#page.showWhole };
    this.#plot = new window.uPlot(optionsOf(this.#plotBox, looks, view, on, () => this.#marks(lines)), data, this.#plotBox);
    this.#drawnWith = drawnWith;
  }

  /** It is no longer seen: what it shows can be drawn again, and a canvas takes memory. */
  rest() {
    this.#plot?.destroy();
    this.#plot = null;
  }

  #dataOf({ isLog, strength }) {
    const columns = this.#rows.values.map((column) => (isLog ? positive(column) : column));
    if (!strength) return [this.#rows.xs, ...columns];
    return [this.#rows.xs, ...columns.flatMap((column) => [column, smoothed(column, strength)])];
  }

  #place() {
    const { of } = AXES[this.#page.view.axis];
    const { starts } = this.#page;
    return (step, time, column) => of(step, time, starts[column] ?? 0);
  }

  #looks() {
    const lines = this.#page.names.map((_, at) => lookOf(this.#page.keys[at]));
    const colour = (what) => getComputedStyle(this.#probes[what]).color;
    return { lines, grid: colour("grid"), labels: colour("labels"), mark: colour("mark") };
  }

  #marks(lines) {
    const place = this.#place();
    return lines.flatMap((line, column) =>
      (line?.marks ?? []).map(([first, last, begun, ended, nans, above, below]) => {
        const [from, to] = [place(first, begun, column), place(last, ended, column)];
        return { x: (from + to) / 2, nans, above, below };
      }),
    );
  }

  #sayNotFinite(lines) {
    const { names } = this.#page;
    const parts = lines.map((line, at) => {
      const words = notFiniteWords(line?.marks ?? []);
      return words && names.length > 1 ? `${names[at]}: ${words}` : words;
    });
    this.#note.textContent = parts.filter(Boolean).join("; ");
    this.#note.hidden = !this.#note.textContent;
  }

  // Show the values at the crosshair, or the last ones.
  #point(row) {
    if (row === null || row === undefined || !this.#rows) {
      this.showLast();
      return;
    }
    const { xs, values } = this.#rows;
    const at = values.map((column) => {
      const there = nearest(xs, column, row);
      return there === null ? undefined : column[there];
    });
    this.#say(`${AXES[this.#page.view.axis].words(xs[row])}: `, at);
  }

  #say(where, values) {
    const parts = values.map((value, at) => {
      const words = value === undefined ? "–" : valueWords(value);
      return this.#page.names.length > 1 ? element("span", `line-${at}`, words) : document.createTextNode(words);
    });
    this.#last.replaceChildren(where, ...parts.flatMap((part, at) => (at ? [" · ", part] : [part])));
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

// The colour and the dashes of a line are those of its mark in the legend.
function lookOf(mark) {
  const { color, strokeDasharray } = getComputedStyle(mark);
  const dash = strokeDasharray === "none" ? undefined : strokeDasharray.split(/[ ,]+/).map(parseFloat);
  return { colour: color, dash };
}

function stepsIn(lines, [from, to], place) {
  return Object.entries(lines).flatMap(([column, line]) => {
    const isIn = line.steps.map((step, at) => {
      const x = place(step, line.times[at], Number(column));
      return x >= from && x <= to;
    });
    // With the neighbours, so that the line goes on to the edges.
    return line.steps.filter((_, at) => isIn[at - 1] || isIn[at] || isIn[at + 1]);
  });
}

function description({ key, lines }, names) {
  const parts = names.map((name, at) => {
    if (!lines[at]) return `${name}: none`;
    const { count, last } = lines[at];
    return `${names.length > 1 ? `${name}: ` : ""}${count === 1 ? "1 point" : `${count} points`}, last ${valueWords(last)}`;
  });
  return `${key}: ${parts.join("; ")}. The numbers follow as a table.`;
}

function same(one, other) {
  return one === other || (one !== null && other !== null && one[0] === other[0] && one[1] === other[1]);
}
