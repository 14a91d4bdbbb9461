// Numbers of metrics, in words and in lines.

const DIGITS = 4;

/** As short as it can be told apart: 0.4019, 1,204, 3.20e-7. The same as `measure` in mantik/lib/humanize.py. */
export function short(value) {
  if (value === null || value === undefined) return "not a number";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return value.toExponential(2).replace("e+", "e");
  return value.toLocaleString("en", { maximumSignificantDigits: size >= 1000 ? 6 : DIGITS });
}

/** An average that forgets: what the eye would draw through a jittery line. Gaps stay gaps. */
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

/** What a logarithmic scale can show. */
export function positive(values) {
  return values.map((value) => (value !== null && value > 0 ? value : null));
}
