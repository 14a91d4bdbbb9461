// Prepares the values of metrics for their charts.
import { clockDuration, measure, number } from "../words.js";

/** An exponential moving average; `strength` is from 0, none, to less than 1. Gaps stay gaps. */
export function smoothed(values, strength) {
  let sum = 0;
  let norm = 0;
  return values.map((value) => {
    if (value === null || value === undefined) return value;
    sum = sum * strength + value * (1 - strength);
    norm = norm * strength + (1 - strength);
    return sum / norm;
  });
}

/** The values with those replaced by null that a logarithmic scale cannot show. */
export function positive(values) {
  return values.map((value) => (value === undefined || value > 0 ? value : null));
}

/** Where the values are without the outermost twentieth on either side, and how many are outside; null without any. */
export function inner(values) {
  const found = values.filter((value) => value !== null && value !== undefined).sort((one, other) => one - other);
  if (!found.length) return null;
  const cut = Math.floor(found.length / 20);
  const [least, most] = [found[cut], found[found.length - 1 - cut]];
  const room = (most - least) * 0.05 || Math.abs(most) * 0.05 || 1;
  const [from, to] = [least - room, most + room];
  return { from, to, outside: found.filter((value) => value < from || value > to).length };
}

/** The value of a metric in words. What is not finite comes from the server by its name. */
export function valueWords(value) {
  if (value === "Infinity") return "infinite";
  if (value === "-Infinity") return "minus infinite";
  return measure(value === "NaN" ? null : value);
}

/** What the x axis can show: how a place on it follows from step and time, and how it is written. */
export const AXES = {
  step: { of: (step) => step, words: (at) => `step ${measure(at)}`, tick: measure },
  time: { of: (_step, time) => time / 1000, words: (at) => momentWords(at), tick: (at, apart) => tickWords(at, apart) },
  relative: {
    of: (_step, time, start) => (time - start) / 1000,
    words: (at) => `after ${lengthWords(at)}`,
    tick: (at) => lengthWords(at),
  },
};

const DAY = 86_400;
const MOMENT = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const TICKS = [
  [DAY, new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" })],
  [60, new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" })],
  [1, new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })],
];

function momentWords(at) {
  return MOMENT.format(at * 1000);
}

function tickWords(at, apart) {
  const [, format] = TICKS.find(([length]) => apart >= length) ?? TICKS.at(-1);
  return format.format(at * 1000);
}

function lengthWords(seconds) {
  if (Math.abs(seconds) < 10 && seconds % 1) return `${measure(seconds)} s`;
  return seconds < 0 ? `-${clockDuration(-seconds)}` : clockDuration(seconds);
}

/** What is not finite in a line, in words: how often, and at which steps. */
export function notFiniteWords(marks) {
  const [nans, above, below] = [4, 5, 6].map((place) => marks.reduce((sum, mark) => sum + mark[place], 0));
  const counts = [
    nans && `${number(nans)} NaN`,
    above && `${number(above)} infinite`,
    below && `${number(below)} minus infinite`,
  ].filter(Boolean);
  if (!counts.length) return "";
  const [first, last] = [marks[0][0], marks.at(-1)[1]];
  const where = first === last ? `at step ${number(first)}` : `from step ${number(first)} to ${number(last)}`;
  return `${counts.join(", ")}, ${where}`;
}
