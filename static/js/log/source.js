// Fetches a log part by part, and asks for more: often while there is more, less and less often while there is not.

const QUICK = 1_000;
const SLOWEST = 5_000;
const HIDDEN = 15_000;
const AFTER_FAILURE = 10_000;
// Of a log larger than this only the end is loaded, until all of it is asked for.
const WHOLE_UP_TO = 1_000_000;
const BEYOND_ANY_END = Number.MAX_SAFE_INTEGER;

/**
 * Events: "text" with {text}, "reset" before it begins anew, "change" when its state has changed, "settled" when what was
 * missing in the middle has come: `again` loads it.
 * `earlier` is true while the beginning is not loaded, `isPartial` while anything of it is not.
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
  // Answers to a question from before a reset are not for us.
  #turn = 0;
  #wantsAll = false;
  #misses = false;
  #remark = "";
  #hasFailed = false;
  #hasAnswered = false;

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

  /** Begin anew, from the first byte. */
  async loadAll() {
    if (!this.canLoadMore) return;
    this.#wantsAll = true;
    await this.again();
  }

  /** Begin anew: from the first byte if that was asked for before. */
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
    return this.canLoadMore ? "A part of this log has come since and is not loaded." : "";
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
      // The job has begun its log anew.
      await this.again();
      return;
    }
    if (fromMiddle && part.gap) {
      // It begins where nothing is kept, so with what comes next.
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
    // The first line of a part from the middle is not whole; where it is all there is, it has to do.
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

  /** {text} and what the header Mantik-Log says of it. */
  async #ask(offset) {
    const response = await fetch(`${this.#url}?offset=${offset}`, { credentials: "same-origin" });
    if (!response.ok || response.redirected) throw new Error(`The log answered ${response.status}.`);
    return { ...JSON.parse(response.headers.get("Mantik-Log")), text: await response.text() };
  }
}
