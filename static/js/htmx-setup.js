// htmx, set up for this product: the CSRF token, polling that rests, errors in words.
import htmx from "htmx.org";
import { Idiomorph } from "idiomorph/htmx";
import { checkIfLong } from "./connection.js";
import { isFolded } from "./live.js";
import { say, unsay } from "./messages.js";

const UNSENT = "Mantik does not answer. What you typed is still here. Try again in a minute.";
const NOT_NOW = "Mantik cannot do this at the moment. Nothing on this page is lost: try again in a moment.";
const BROKEN = "There was an error inside Mantik. Nothing that was stored is lost. Try again in a minute.";
const SIGNED_OUT =
  "You are signed out. What you typed is still here: sign in again in another tab, then go on; or send the form, and sign in then.";
const REFUSED = "This is no longer possible. Reload the page to see what has changed.";

// What somebody is typing is newer than any answer. (It is set here because options in attributes would need eval.)
Idiomorph.defaults.ignoreActiveValue = true;
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) =>
  !isNewer(name, element) && !isFolded(name, element);

// So is what was typed, ticked or filled in since the request was sent, even in a field that has lost the focus.
let asked = new FormData();
document.addEventListener("htmx:beforeSwap", (event) => {
  asked = event.detail.requestConfig.formData;
});

function isNewer(attribute, { name, type, value, checked }) {
  if (!name || type === "radio") return false;
  if (type === "checkbox") return attribute === "checked" && asked.has(name) !== checked;
  return attribute === "value" && asked.has(name) && asked.get(name) !== value;
}

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb === "get") return;
  event.detail.headers["X-CSRFToken"] = document.querySelector("meta[name=csrf-token]").content;
});

// A page in the background does not poll. Polling has no triggering event.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && !event.detail.requestConfig.triggeringEvent) event.preventDefault();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (isElsewhere(xhr.responseURL, requestConfig.path)) {
    event.detail.shouldSwap = false;
    say(SIGNED_OUT, "wait");
  }
});

// A redirect was followed: the answer is the sign-in page, not the fragment.
function isElsewhere(answered, asked) {
  return answered !== "" && new URL(answered).pathname !== new URL(asked, location.href).pathname;
}

// What keeps itself up to date tells by a bar: connection.js. Polling has no triggering event.
const waits = new WeakMap();
document.addEventListener("htmx:beforeSend", ({ detail }) => {
  if (detail.requestConfig.triggeringEvent) waits.set(detail.xhr, checkIfLong());
});
document.addEventListener("htmx:afterRequest", ({ detail }) => waits.get(detail.xhr)?.());
document.addEventListener("htmx:sendError", ({ detail }) => detail.requestConfig.triggeringEvent && say(UNSENT));
document.addEventListener("htmx:afterOnLoad", ({ detail }) => {
  unsay(UNSENT);
  if (detail.xhr.status < 500) unsay(NOT_NOW);
});

// Somebody has signed in again since the page was opened. The server gives a new token to who opened it; what was asked
// for is asked once more with that.
const repeated = new WeakSet();
document.addEventListener("htmx:responseError", (event) => {
  const { xhr, requestConfig } = event.detail;
  const token = xhr.status === 403 && xhr.getResponseHeader("X-Fresh-Token");
  if (!token || repeated.has(requestConfig.elt)) return;
  event.stopImmediatePropagation();
  document.querySelector("meta[name=csrf-token]").content = token;
  for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = token;
  repeated.add(requestConfig.elt);
  const asked = requestConfig.triggeringEvent?.type ?? "change";
  htmx.trigger(requestConfig.elt, asked === "input" ? "change" : asked);
});
document.addEventListener("htmx:afterOnLoad", ({ detail }) => {
  if (detail.xhr.status < 400 && !isElsewhere(detail.xhr.responseURL, detail.requestConfig.path)) {
    repeated.delete(detail.elt);
    unsay(SIGNED_OUT);
  }
});

document.addEventListener("htmx:responseError", ({ detail: { xhr, requestConfig } }) => {
  if (xhr.status !== 503) say(xhr.status >= 500 ? BROKEN : REFUSED);
  else if (requestConfig.triggeringEvent) say(NOT_NOW, "wait");
});
