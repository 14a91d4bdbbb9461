// Prepares the values of metrics for their charts.

/** An exponential moving average. Gaps stay gaps. */
export function smoothed(values, weight = 0.8) {
  let sum = 0;
  let norm = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = sum * weight + value * (1 - weight);
    norm = norm * weight + (1 - weight);
    return sum / norm;
  });
}

/** The values with those replaced by null that a logarithmic scale cannot show. */
export function positive(values) {
  return values.map((value) => (value !== null && value > 0 ? value : null));
}
