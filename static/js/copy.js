// Buttons with `data-copy` put its value on the clipboard, and say so.
import { say, whisper } from "./messages.js";

const SHOWN_FOR = 1500;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  if (!(await copy(button.dataset.copy))) {
    say("The browser did not allow copying. Select the text and copy it by hand.", "wait");
    return;
  }
  whisper("Copied.");
  button.classList.add("is-copied");
  setTimeout(() => {
    button.classList.remove("is-copied");
    whisper("");
  }, SHOWN_FOR);
});

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// Pages that came over plain http from another host have no clipboard of their own.
function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
