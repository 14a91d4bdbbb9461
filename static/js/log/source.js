// Fetches a log part by part, and asks for more: often while there is more, less and less often while there is none.
import { ask } from "../connection.js";

const QUICK = 1_000;
const SLOWEST = 5_000;
const HIDDEN = 15_000;
const AFTER_FAILURE = 10_000;
// Of a log with more bytes than this only the end is loaded, until somebody asks for all of it.
const WHOLE_UP_TO = 1_000_000;
const BEYOND_ANY_END = Number.MAX_SAFE_INTEGER;

/**
 * Events: "text" with {text}; "reset" before everything is loaded again; "change" when its state has changed; "settled"
 * when the server has the part of the middle that was missing, which `again` loads.
 * `earlier` is true while the beginning is not loaded, `isPartial` while any part is not.
 */
export class Source extends EventTarget {
  earlier = false;
  isComplete = false;
  isFollowing = false;
  // The number of the line that says why the run failed, null while none is known.
  reason = null;
  #url;
  #next = 0;
  #wait = QUICK;
  #timer = 0;
  // Counts resets: an answer to a request from before the last reset is ignored.
  #turn = 0;
  #wantsAll = false;
  #misses = false;
  #remark = "";
  #hasFailed = false;
  #hasAnswered = false;
  // The last answer, if there was nothing more: with its stamp the server tells whether there is now.
  #end = null;

  constructor(url) {
    super();
    this.#url = url;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#timer) this.#schedule(0);
    });
  }

  get isPartial() {
    return this.earlier || this.#misses;
  }

  get canLoadMore() {
    return this.earlier || (this.#misses && this.isComplete);
  }

  async start() {
    const turn = this.#turn;
    try {
      const { offset, kept } = await this.#ask(BEYOND_ANY_END);
      if (turn !== this.#turn) return;
      this.#next = kept > WHOLE_UP_TO ? offset - WHOLE_UP_TO / 2 : 0;
      this.earlier = this.#next > 0;
    } catch {
      if (turn !== this.#turn) return;
      this.#fail();
      this.#timer = setTimeout(() => this.start(), AFTER_FAILURE);
      return;
    }
    await this.#more({ fromMiddle: this.earlier });
  }

  /** Load everything, from the first byte. */
  async loadAll() {
    if (!this.canLoadMore) return;
    this.#wantsAll = true;
    await this.again();
  }

  /** Load the log again: from the first byte if `loadAll` was called, otherwise as at the start. */
  async again() {
    clearTimeout(this.#timer);
    this.#turn += 1;
    this.earlier = false;
    this.#misses = false;
    this.#next = 0;
    this.dispatchEvent(new Event("reset"));
    await (this.#wantsAll ? this.#more() : this.start());
  }

  /** What to say above and below the lines: {top, bottom}, "" where there is nothing to say. */
  remarks(count) {
    return { top: this.#top(), bottom: this.#bottom(count) };
  }

  #top() {
    if (this.earlier) return "The beginning of this log is not loaded.";
    return this.canLoadMore ? "More of this log has arrived and is not loaded yet." : "";
  }

  #bottom(count) {
    if (this.#hasFailed) return "The log cannot be read at the moment. Trying again.";
    if (this.#remark) return this.#remark;
    if (count || !this.#hasAnswered) return "";
    return this.isComplete ? "The job wrote no log." : "Nothing yet. Lines appear here as the job writes them.";
  }

  async #more({ fromMiddle = false } = {}) {
    this.#timer = 0;
    const turn = this.#turn;
    let part;
    try {
      part = await this.#ask(this.#next);
    } catch {
      if (turn !== this.#turn) return;
      this.#fail();
      this.#schedule(AFTER_FAILURE);
      return;
    }
    if (turn !== this.#turn) return;
    if (part.offset < this.#next) {
      // The job has started a new log.
      await this.again();
      return;
    }
    if (fromMiddle && part.gap) {
      // The bytes at this offset are missing, so begin with those after the gap.
      this.#next = part.next;
      await this.#more({ fromMiddle });
      return;
    }
    this.#take(part, fromMiddle);
    if (part.complete) {
      if (this.#misses) this.dispatchEvent(new Event("settled"));
      return;
    }
    this.#schedule(part.text ? 0 : this.#wait);
  }

  #take(part, fromMiddle) {
    const isNew = part.next > this.#next;
    this.#wait = isNew ? QUICK : Math.min(SLOWEST, this.#wait * 1.4);
    this.#next = part.next;
    this.#hasFailed = false;
    this.#hasAnswered = true;
    this.#misses ||= part.gap === "pending";
    this.#remark = part.remark;
    this.isComplete = part.complete;
    this.isFollowing = part.following;
    this.reason = part.reason;
    // The first line of a part from the middle may not be whole, so it is left out, unless it is the only one.
    const text = (fromMiddle && part.text.slice(part.text.indexOf("\n") + 1)) || part.text;
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

  /** One part of the log: its {text}, and the fields of the header Mantik-Log. */
  async #ask(offset) {
    const stamp = this.#end?.next === offset ? this.#end.stamp : "";
    const response = await ask(`${this.#url}?offset=${offset}`, { "Mantik-Live": stamp });
    if (response.status === 204) return { ...this.#end, gap: null };
    if (!response.ok || response.redirected) throw new Error(`The log answered ${response.status}.`);
    const about = JSON.parse(response.headers.get("Mantik-Log"));
    const part = { ...about, stamp: response.headers.get("Mantik-Live"), text: await response.text() };
    this.#end = part.text ? null : part;
    return part;
  }
}
