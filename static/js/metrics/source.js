// Asks the server for the metrics of the page: which there are, and the points of those that are seen.
import { ask } from "../connection.js";

// Of one request: how many metrics, and how long their names together, so that no address is too long.
const MOST_KEYS = 12;
const LONGEST = 3000;

export class Source {
  #list;
  #points;

  constructor(list, points) {
    this.#list = new URL(list, location.href);
    this.#points = new URL(points, location.href);
  }

  /** What has changed since the version `known`; null if nothing has. Of very many metrics, all parts. */
  async news(known, lead) {
    const first = await this.#read(this.#list, [["known", known], ["lead", lead]]);
    let part = first;
    while (part?.more) {
      const after = part.metrics.at(-1)?.key;
      if (after === undefined) break;
      part = await this.#read(this.#list, [["known", known], ["after", after]]);
      first.metrics.push(...part.metrics);
    }
    return first;
  }

  /** Points of the metrics `keys`, as [{key, lines}]. `steps`: [first, last], or null for all. */
  async points(keys, steps, room) {
    const range = steps ? [["from", steps[0]], ["to", steps[1]]] : [];
    const query = [...keys.map((key) => ["key", key]), ["room", room], ...range];
    return (await this.#read(this.#points, query)).metrics;
  }

  async #read(address, query) {
    const url = new URL(address);
    for (const [name, value] of query) url.searchParams.append(name, value);
    const response = await ask(url);
    if (response.status === 204) return null;
    if (!response.ok || response.redirected) throw new Error(`The metrics answered ${response.status}.`);
    return response.json();
  }
}

/** As many of the charts, which want the same steps, as one request may be about. */
export function batch(charts) {
  let [count, length] = [0, 0];
  for (const { key } of charts) {
    length += encodeURIComponent(key).length;
    if (count && (length > LONGEST || count === MOST_KEYS)) break;
    count += 1;
  }
  return charts.slice(0, count);
}
