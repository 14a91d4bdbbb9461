// Fetches a log part by part, and asks for more: often while there is more, less and less often while there is not.

const QUICK = 1_000;
const SLOWEST = 5_000;
const HIDDEN = 15_000;
const AFTER_FAILURE = 10_000;
// Of a log larger than this only the end is loaded, until all of it is asked for.
const WHOLE_UP_TO = 1_000_000;
const BEYOND_ANY_END = Number.MAX_SAFE_INTEGER;

/**
 * Events: "text" with {text}, "reset" before it begins anew, "change" when its state has changed.
 * `earlier` is true while the beginning is not loaded.
 */
export class Source extends EventTarget {
  earlier = false;
  isComplete = false;
  isFollowing = false;
  // The number of the line that says why the run failed, null while none is known.
  reason = null;
  #url;
  #limit;
  #next = 0;
  #wait = QUICK;
  #timer = 0;
  #isTruncated = false;
  #hasFailed = false;
  #hasAnswered = false;

  constructor(url, limit) {
    super();
    this.#url = url;
    this.#limit = limit;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#timer) this.#schedule(0);
    });
  }

  async start() {
    try {
      const end = (await this.#ask(BEYOND_ANY_END)).offset;
      this.#next = end > WHOLE_UP_TO ? end - WHOLE_UP_TO / 2 : 0;
      this.earlier = this.#next > 0;
    } catch {
      this.#fail();
      this.#timer = setTimeout(() => this.start(), AFTER_FAILURE);
      return;
    }
    await this.#more({ fromMiddle: this.earlier });
  }

  /** Begin anew, from the first byte. */
  async loadAll() {
    if (!this.earlier) return;
    clearTimeout(this.#timer);
    this.earlier = false;
    this.#next = 0;
    this.dispatchEvent(new Event("reset"));
    await this.#more();
  }

  /** What to say above and below the lines: {top, bottom}, "" where there is nothing to say. */
  remarks(count) {
    return {
      top: this.earlier ? "The beginning of this log is not loaded." : "",
      bottom: this.#bottom(count),
    };
  }

  #bottom(count) {
    if (this.#hasFailed) return "The log cannot be read just now; it is asked for again.";
    if (this.#isTruncated) return `Truncated${this.#limit ? ` at ${this.#limit}` : ""}: the rest is at the site.`;
    if (count || !this.#hasAnswered) return "";
    return this.isComplete ? "The job wrote no log." : "Nothing yet. Lines appear here as the job writes them.";
  }

  async #more({ fromMiddle = false } = {}) {
    this.#timer = 0;
    let part;
    try {
      part = await this.#ask(this.#next);
    } catch {
      this.#fail();
      this.#schedule(AFTER_FAILURE);
      return;
    }
    this.#take(part, fromMiddle);
    if (!part.complete) this.#schedule(part.text ? 0 : this.#wait);
  }

  #take(part, fromMiddle) {
    const isNew = part.next > this.#next;
    this.#wait = isNew ? QUICK : Math.min(SLOWEST, this.#wait * 1.4);
    this.#next = part.next;
    this.#hasFailed = false;
    this.#hasAnswered = true;
    this.#isTruncated = part.truncated;
    this.isComplete = part.complete;
    this.isFollowing = part.following;
    this.reason = part.reason;
    // The first line of a part from the middle is not whole.
    const text = fromMiddle ? part.text.slice(part.text.indexOf("\n") + 1) : part.text;
    if (text) this.dispatchEvent(new CustomEvent("text", { detail: { text } }));
    this.dispatchEvent(new Event("change"));
  }

  #fail() {
    this.#hasFailed = true;
    this.dispatchEvent(new Event("change"));
  }

  #schedule(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#more(), document.hidden && wait ? HIDDEN : wait);
  }

  async #ask(offset) {
    const response = await fetch(`${this.#url}?offset=${offset}`, {
      credentials: "same-origin",
      headers: { Accept: "application/json" },
    });
    if (!response.ok || response.redirected) throw new Error(`The log answered ${response.status}.`);
    return response.json();
  }
}
