// The points of several lines as rows with one x each, as uPlot draws them.

/**
 * `lines`: for each {steps, times, values} or null; `place(step, time, line)`: where a point is on the x axis.
 * Returns {xs, values, steps, times}: `values` has a column for each line, `undefined` where it has no point in a row.
 */
export function rowsOf(lines, place) {
  const points = [];
  lines.forEach((line, column) => {
    line?.steps.forEach((step, at) => {
      points.push({ x: place(step, line.times[at], column), column, step, time: line.times[at], value: line.values[at] });
    });
  });
  // Sorting keeps points of one x in their order.
  if (!isInOrder(points)) points.sort((one, other) => one.x - other.x);
  return inRows(points, lines.length);
}

function isInOrder(points) {
  return points.every((point, at) => !at || points[at - 1].x <= point.x);
}

function inRows(points, columns) {
  const found = { xs: [], values: Array.from({ length: columns }, () => []), steps: [], times: [] };
  for (const { x, column, step, time, value } of points) {
    const last = found.xs.length - 1;
    const isFree = last >= 0 && found.xs[last] === x && found.values[column][last] === undefined;
    if (isFree) {
      found.values[column][last] = value;
      continue;
    }
    found.xs.push(x);
    found.steps.push(step);
    found.times.push(time);
    found.values.forEach((values, at) => values.push(at === column ? value : undefined));
  }
  return found;
}

/** The row nearest to row `at` in which this column has a point; null without one. */
export function nearest(xs, column, at) {
  if (at === null || at === undefined) return null;
  if (column[at] !== undefined) return at;
  let [before, after] = [at - 1, at + 1];
  while (before >= 0 && column[before] === undefined) before -= 1;
  while (after < column.length && column[after] === undefined) after += 1;
  const [hasBefore, hasAfter] = [before >= 0, after < column.length];
  if (hasBefore && hasAfter) return xs[at] - xs[before] <= xs[after] - xs[at] ? before : after;
  if (hasBefore) return before;
  return hasAfter ? after : null;
}
