// Light or dark, decided before anything is painted: a classic script in the head. It follows the system until somebody
// chooses, and keeps the choice in this browser. It also says that there is JavaScript, for base.css.
(() => {
  const KEY = "mantik-theme";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = stored();

  // Storage may be forbidden; the choice then lasts as long as the page.
  function stored() {
    try {
      const value = localStorage.getItem(KEY);
      return value === "light" || value === "dark" ? value : "auto";
    } catch {
      return "auto";
    }
  }

  function store(value) {
    try {
      if (value === "auto") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, value);
    } catch {
      return;
    }
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
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    chosen = button.dataset.themeChoice;
    store(chosen);
    apply();
  });
  window.addEventListener("storage", (event) => {
    if (event.key !== KEY) return;
    chosen = stored();
    apply();
  });
})();
