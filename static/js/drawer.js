// The sidebar is a popover on small screens. The browser opens and closes it; here it is closed if the window grows.
const sidebar = document.getElementById("sidebar");

if (sidebar) {
  window.matchMedia("(min-width: 992px)").addEventListener("change", (query) => {
    if (query.matches && sidebar.matches(":popover-open")) sidebar.hidePopover();
  });
  sidebar.addEventListener("toggle", (event) => {
    if (event.newState === "open") (sidebar.querySelector("a.is-current") ?? sidebar.querySelector("a"))?.focus();
  });
}
