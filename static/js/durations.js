// Goes on counting what the server has begun to: the words of elements with `data-seconds`, how long it was when drawn.
import { clockDuration, spokenDuration } from "./words.js";

const SECOND = 1_000;
// When each element got its seconds. The browser's clock may be wrong, but it counts well.
const drawn = new WeakMap();

function count() {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-seconds]")) {
    const seconds = Number(element.dataset.seconds) + (performance.now() - since(element)) / SECOND;
    const text = element.dataset.words === "clock" ? clockDuration(seconds) : spokenDuration(seconds);
    if (element.textContent !== text) element.textContent = text;
  }
}

function since(element) {
  const { seconds } = element.dataset;
  if (drawn.get(element)?.seconds !== seconds) drawn.set(element, { seconds, at: performance.now() });
  return drawn.get(element).at;
}

count();
setInterval(count, SECOND);
