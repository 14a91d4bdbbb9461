// Cuts text, as it arrives, into lines as a terminal would show them.

// Colours and cursor movements mean nothing here.
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])/g;

export class Lines {
  #done = [];
  // The last line, whose end has not arrived yet.
  #open = "";

  get count() {
    return this.#done.length + (this.#open ? 1 : 0);
  }

  at(index) {
    return index < this.#done.length ? this.#done[index] : shown(this.#open);
  }

  append(text) {
    const parts = (this.#open + text).split("\n");
    this.#open = parts.pop();
    for (const part of parts) this.#done.push(shown(part));
  }

  clear() {
    this.#done = [];
    this.#open = "";
  }

  /** Indexes of the lines that contain `words`, whatever their case. */
  find(words) {
    const wanted = words.toLowerCase();
    const found = [];
    for (let index = 0; index < this.count; index += 1) {
      if (this.at(index).toLowerCase().includes(wanted)) found.push(index);
    }
    return found;
  }
}

// A progress bar rewrites its line: what was written last stays.
function shown(line) {
  const text = line.replace(/\r+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1).replace(ESCAPES, "");
}
