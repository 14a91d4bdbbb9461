// Sets the theme before anything is painted: a classic script in the head. It follows the system until somebody
// chooses. The choice is stored with their account if they are signed in, otherwise in this browser. The script also
// marks the page as having JavaScript, for base.css.
(() => {
  const KEY = "mantik-theme";
  const JUST_CHOSEN = "mantik-theme-just-chosen";
  const A_WHILE = 30_000;
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = justChosen() ?? root.dataset.themeKept ?? read("localStorage", KEY) ?? "auto";

  // Storage may be forbidden; the choice then lasts as long as the page.
  function read(storage, key) {
    try {
      return window[storage].getItem(key);
    } catch {
      return null;
    }
  }

  function write(storage, key, value) {
    try {
      window[storage].setItem(key, value);
    } catch {
      return;
    }
  }

  // The theme that was chosen in the last A_WHILE. The server may have sent this page before it got the choice, or the
  // choice was lost; then `keep` sends it again.
  function justChosen() {
    const [at, theme] = (read("sessionStorage", JUST_CHOSEN) ?? "0").split(" ");
    return Date.now() - Number(at) < A_WHILE ? theme : null;
  }

  function keep() {
    write("localStorage", KEY, chosen);
    const url = root.dataset.themeUrl;
    if (!url) return;
    write("sessionStorage", JUST_CHOSEN, `${Date.now()} ${chosen}`);
    const token = document.querySelector("meta[name='csrf-token']").content;
    const theme = chosen === "auto" ? "" : chosen;
    fetch(url, { method: "POST", body: new URLSearchParams({ theme }), headers: { "X-CSRFToken": token } }).catch(() => {});
  }

  function apply() {
    const theme = chosen === "auto" ? (system.matches ? "dark" : "light") : chosen;
    const changed = root.dataset.bsTheme !== theme;
    root.dataset.bsTheme = theme;
    if (changed) document.dispatchEvent(new CustomEvent("mantik:theme"));
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
    }
  }

  root.classList.add("js");
  apply();
  system.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    if (root.dataset.themeKept && chosen !== root.dataset.themeKept) keep();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    chosen = button.dataset.themeChoice;
    keep();
    apply();
  });
  // The form on the account page stores a choice itself.
  document.addEventListener("submit", (event) => {
    if (event.target.elements.theme) write("sessionStorage", JUST_CHOSEN, "0");
  });
  window.addEventListener("storage", (event) => {
    if (event.key !== KEY) return;
    chosen = event.newValue ?? "auto";
    apply();
  });
})();
