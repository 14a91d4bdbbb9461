// What uPlot is told: axes, lines, the crosshair, and marks where a value is not finite.
import { measure } from "../words.js";
import { AXES, inner } from "./numbers.js";
import { nearest } from "./rows.js";

const FONT = '11px "Inter", system-ui, sans-serif';
const MINUTES = [1, 2, 5, 10, 15, 30].map((amount) => amount * 60);
const HOURS = [1, 2, 3, 6, 12, 24, 48, 168, 720].map((amount) => amount * 3600);
const LENGTHS = [0.001, 0.01, 0.1, 1, 2, 5, 10, 15, 30, ...MINUTES, ...HOURS];
// A line that was dragged over so few pixels was clicked.
const CLICK = 4;

/**
 * `looks`: colours and dashes, {lines: [{colour, dash}], grid, labels, mark}. `view`: {axis, isLog, strength, hasInner,
 * zoom: [from, to] or null}. `on`: {point(row), zoom(from, to), whole()}. `marks()`: those of all lines, with their x.
 */
export function optionsOf(box, looks, view, on, marks) {
  const isSmooth = view.strength > 0;
  const axis = AXES[view.axis];
  return {
    width: box.clientWidth,
    height: box.clientHeight,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      dataIdx: (plot, series, at) => nearest(plot.data[0], plot.data[series], at) ?? at,
      points: { size: 6 },
      sync: { key: `metrics-${view.axis}`, setSeries: false, scales: ["x", null] },
      bind: { dblclick: () => on.whole },
    },
    scales: { x: { time: view.axis === "time", range: (_plot, least, most) => rangeOfX(view, least, most) }, y: scaleOfY(view) },
    axes: [
      { ...lookOf(looks, { size: 22, space: 78, grid: { show: false } }), ...ticksOf(view.axis, axis) },
      { ...lookOf(looks, { size: widthOf, space: 26 }), values: (_plot, splits) => splits.map(orNothing(measure)) },
    ],
    series: [{}, ...looks.lines.flatMap((look) => seriesOf(look, isSmooth))],
    hooks: {
      setCursor: [(plot) => on.point(plot.cursor.idx)],
      setSelect: [(plot) => select(plot, on)],
      draw: [(plot) => drawMarks(plot, marks(), looks)],
    },
  };
}

function rangeOfX({ zoom }, least, most) {
  if (zoom) return zoom;
  // A single step has no width, so the range is widened.
  return least === most ? [least - 1, most + 1] : [least, most];
}

function scaleOfY({ isLog, hasInner }) {
  if (isLog) return { distr: 3 };
  if (!hasInner) return {};
  return {
    range: (plot, least, most) => {
      const found = inner(plot.data.slice(1).flatMap((values) => [...values]));
      return found ? [found.from, found.to] : [least, most];
    },
  };
}

function ticksOf(name, axis) {
  const values = (_plot, splits, _at, _space, apart) => splits.map(orNothing((at) => axis.tick(at, apart)));
  return name === "relative" ? { incrs: LENGTHS, values } : { values };
}

function orNothing(words) {
  return (value) => (value === null ? "" : words(value));
}

function lookOf(looks, { size, space, grid = {} }) {
  return {
    stroke: looks.labels,
    font: FONT,
    size,
    space,
    gap: 4,
    ticks: { show: false },
    grid: { stroke: looks.grid, width: 1, ...grid },
  };
}

function seriesOf({ colour, dash }, isSmooth) {
  // Asked each time that the line is drawn, because points are added. A line of one point would not be seen.
  const isLonely = (plot, series) => plot.data[series].filter((value) => value !== undefined).length === 1;
  const line = { stroke: colour, width: 1.5, dash, points: { show: isLonely, size: 7, fill: colour } };
  const quiet = { ...line, width: 1, alpha: 0.3, dash: undefined };
  return isSmooth ? [quiet, line] : [line];
}

// As wide as the longest label needs.
function widthOf(_plot, labels) {
  const longest = Math.max(0, ...(labels ?? []).map((label) => label.length));
  return Math.max(26, 10 + longest * 6.5);
}

function select(plot, on) {
  const { left, width } = plot.select;
  if (!width) return;
  const ends = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  if (width > CLICK) on.zoom(...ends);
}

// A cross at the foot for NaN, and an arrow at the edge that an infinite value is beyond.
function drawMarks(plot, marks, looks) {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const size = 3.5 * (globalThis.devicePixelRatio || 1);
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = looks.mark;
  ctx.lineWidth = size / 2.5;
  for (const { x, nans, above, below } of marks) {
    const at = plot.valToPos(x, "x", true);
    if (at < left || at > left + width) continue;
    if (above) arrow(ctx, at, top, size);
    if (below) arrow(ctx, at, top + height, -size);
    if (nans) cross(ctx, at, top + height - 2 * size, size);
  }
  ctx.restore();
}

function arrow(ctx, x, tip, size) {
  ctx.beginPath();
  ctx.moveTo(x, tip);
  ctx.lineTo(x - size, tip + 2 * size);
  ctx.lineTo(x + size, tip + 2 * size);
  ctx.fill();
}

function cross(ctx, x, y, size) {
  ctx.beginPath();
  ctx.moveTo(x - size, y - size);
  ctx.lineTo(x + size, y + size);
  ctx.moveTo(x - size, y + size);
  ctx.lineTo(x + size, y - size);
  ctx.stroke();
}
