// A link with `data-dialog` shows the `data-dialog-content` of its page in a dialog above this page. Without JavaScript
// the link is followed.
import { ask } from "./connection.js";

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target.closest("a[data-dialog]");
  const closer = event.target.closest("[data-dialog-close]");
  if (link) {
    event.preventDefault();
    openLinked(link);
  } else if (closer?.closest("dialog")) {
    event.preventDefault();
    closer.closest("dialog").close();
  } else if (event.target.matches("dialog[open]") && isOutside(event)) {
    event.target.close();
  }
});

async function openLinked(link) {
  const content = await contentOf(link.href);
  if (!content) {
    location.assign(link.href);
    return;
  }
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  const title = content.querySelector("[id]");
  if (title) dialog.setAttribute("aria-labelledby", title.id);
  dialog.append(content);
  // A link in a menu that is closed cannot have the focus: a key has followed it.
  const back = link.checkVisibility() ? link : document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    back.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  // Not the first choice that goes with the question: Enter must do no harm.
  content.querySelector(".confirm-actions [data-dialog-close]")?.focus();
}

async function contentOf(url) {
  try {
    const response = await ask(url);
    if (!response.ok || response.redirected) return null;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return document.adoptNode(page.querySelector("[data-dialog-content]"));
  } catch {
    return null;
  }
}

// A click on the backdrop has the dialog as its target, but lies outside its box.
function isOutside(event) {
  const box = event.target.getBoundingClientRect();
  const inside =
    event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  return !inside;
}
