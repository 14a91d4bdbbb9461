// Shows lines without making a million elements: lines are in blocks, and only blocks near the visible part are filled.

const PER_BLOCK = 100;
const LINE_HEIGHT = 20;
const MARGIN = 800;

/** Event: "earlier" when somebody asks for the whole log. */
export class View extends EventTarget {
  isLive = false;
  #box;
  #host;
  #lines;
  #blocks = [];
  #top;
  #bottom;
  #words = "";
  #hit = -1;
  #pointedAt = -1;
  // The longest line seen, so that the width does not jump while scrolling.
  #width = 0;
  #watcher;

  constructor({ box, host, lines }) {
    super();
    this.#box = box;
    this.#host = host;
    this.#lines = lines;
    this.#top = this.#makeRemark();
    this.#bottom = this.#makeRemark();
    host.append(this.#top, this.#bottom);
    this.#watcher = new IntersectionObserver((entries) => this.#seen(entries), {
      root: box,
      rootMargin: `${MARGIN}px 0px`,
    });
  }

  get box() {
    return this.#box;
  }

  get isAtEnd() {
    return this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight < LINE_HEIGHT * 1.5;
  }

  toEnd() {
    this.#fill(this.#blocks.at(-2));
    this.#fill(this.#blocks.at(-1));
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  clear() {
    for (const block of this.#blocks) {
      this.#watcher.unobserve(block.element);
      block.element.remove();
    }
    this.#blocks = [];
  }

  /** Lines were added. */
  update() {
    const needed = Math.ceil(this.#lines.count / PER_BLOCK);
    if (this.#blocks.length) this.#resize(this.#blocks.at(-1));
    while (this.#blocks.length < needed) this.#addBlock();
    this.dispatchEvent(new Event("updated"));
  }

  remark({ top, bottom }, { offersAll, isNumbered }) {
    const isUnchanged = this.#numbered === isNumbered;
    this.#numbered = isNumbered;
    this.#say(this.#top, top, offersAll);
    this.#say(this.#bottom, bottom, false);
    if (!isUnchanged) this.#redraw();
    else if (this.#lines.count) this.#redrawLast();
  }

  /** Wrapping was switched on or off, so every height has changed. */
  measureAgain() {
    const wasAtEnd = this.isAtEnd;
    for (const block of this.#blocks) {
      block.height = 0;
      if (!block.isFilled) block.element.style.height = `${this.#estimate(block)}px`;
    }
    this.#width = 0;
    this.#host.style.minWidth = "";
    if (wasAtEnd) this.toEnd();
  }

  /** Mark `words` in every line, and highlight the line `hit`; scroll to it if `goThere`. Event: "looked". */
  mark(words, hit, goThere) {
    this.#words = words.toLowerCase();
    this.#hit = hit;
    this.#redraw();
    if (goThere) this.#goTo(hit);
  }

  /** Mark the line `index` permanently, and scroll to it the first time. Event: "looked". */
  pointAt(index) {
    if (index === this.#pointedAt) return;
    this.#pointedAt = index;
    this.#redraw();
    this.#goTo(index);
  }

  #numbered = true;

  #redraw() {
    for (const block of this.#blocks) if (block.isFilled) this.#draw(block);
  }

  #goTo(index) {
    const block = this.#blocks[Math.floor(index / PER_BLOCK)];
    if (index < 0 || !block) return;
    this.dispatchEvent(new Event("looked"));
    this.#fill(block);
    const line = block.element.children[index % PER_BLOCK];
    const offset = line.getBoundingClientRect().top - this.#box.getBoundingClientRect().top;
    this.#box.scrollTop += offset - this.#box.clientHeight / 2;
  }

  #makeRemark() {
    const line = document.createElement("div");
    line.className = "log-line log-remark";
    line.hidden = true;
    return line;
  }

  #say(line, text, offersAll) {
    const already = line.firstChild?.data === text && Boolean(line.querySelector("button")) === offersAll;
    line.hidden = !text;
    if (already) return;
    line.textContent = text;
    if (!offersAll) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-quiet btn-row";
    button.textContent = "Load all of it";
    button.addEventListener("click", () => this.dispatchEvent(new Event("earlier")));
    line.append(button);
  }

  #addBlock() {
    const block = { index: this.#blocks.length, element: document.createElement("div"), isFilled: false, height: 0 };
    block.element.className = "log-block";
    this.#blocks.push(block);
    block.element.style.height = `${this.#estimate(block)}px`;
    this.#bottom.before(block.element);
    this.#watcher.observe(block.element);
  }

  #resize(block) {
    block.height = 0;
    if (block.isFilled) this.#draw(block);
    else block.element.style.height = `${this.#estimate(block)}px`;
  }

  #countOf(block) {
    return Math.min(PER_BLOCK, this.#lines.count - block.index * PER_BLOCK);
  }

  #estimate(block) {
    return block.height || this.#countOf(block) * LINE_HEIGHT;
  }

  #seen(entries) {
    for (const entry of entries) {
      const block = this.#blocks.find((known) => known.element === entry.target);
      if (!block) continue;
      if (entry.isIntersecting) this.#fill(block);
      else if (block.isFilled) this.#empty(block);
    }
  }

  #fill(block) {
    if (!block || block.isFilled) return;
    const oldHeight = block.element.offsetHeight;
    block.isFilled = true;
    this.#draw(block);
    block.element.style.height = "";
    block.height = block.element.offsetHeight;
    // A block above the visible part must not move the lines that somebody is reading.
    if (block.element.offsetTop + oldHeight <= this.#box.scrollTop) this.#box.scrollTop += block.height - oldHeight;
  }

  #empty(block) {
    block.height = block.element.offsetHeight;
    block.element.style.height = `${block.height}px`;
    block.element.replaceChildren();
    block.isFilled = false;
  }

  // Lines that have not changed are not replaced, so that a selection in them stays.
  #draw(block) {
    const first = block.index * PER_BLOCK;
    const count = this.#countOf(block);
    for (let at = 0; at < count; at += 1) {
      const key = this.#keyOf(first + at);
      const known = block.element.children[at];
      if (known?.logKey === key) continue;
      const line = this.#makeLine(first + at);
      line.logKey = key;
      if (known) known.replaceWith(line);
      else block.element.append(line);
    }
    this.#keepWidth();
  }

  #redrawLast() {
    for (const block of this.#blocks.slice(-2)) if (block.isFilled) this.#draw(block);
  }

  #isNewest(index) {
    return this.isLive && index === this.#lines.count - 1;
  }

  #keyOf(index) {
    const flags = `${this.#numbered}${this.#isNewest(index)}${index === this.#hit}${index === this.#pointedAt}`;
    return `${flags}${this.#words}\n${this.#lines.at(index)}`;
  }

  #makeLine(index) {
    const line = document.createElement("div");
    line.className = "log-line";
    if (this.#isNewest(index)) line.classList.add("is-newest");
    if (index === this.#pointedAt) line.classList.add("is-reason");
    if (index === this.#hit) line.classList.add("is-hit");
    const number = document.createElement("span");
    number.className = "log-number";
    // Hidden from screen readers, which would read the number before each line.
    number.setAttribute("aria-hidden", "true");
    number.textContent = this.#numbered ? String(index + 1) : "";
    const text = document.createElement("span");
    text.className = "log-text";
    text.append(...this.#marked(this.#lines.at(index)));
    line.append(number, text);
    return line;
  }

  #marked(text) {
    if (!this.#words) return [text];
    const parts = [];
    const lower = text.toLowerCase();
    let from = 0;
    for (let at = lower.indexOf(this.#words); at >= 0; at = lower.indexOf(this.#words, from)) {
      const mark = document.createElement("mark");
      mark.textContent = text.slice(at, at + this.#words.length);
      parts.push(text.slice(from, at), mark);
      from = at + this.#words.length;
    }
    parts.push(text.slice(from));
    return parts;
  }

  #keepWidth() {
    const width = this.#host.scrollWidth;
    if (width <= this.#width || this.#box.closest(".log-wrap")) return;
    this.#width = width;
    if (width > this.#box.clientWidth) this.#host.style.minWidth = `${width}px`;
  }
}
