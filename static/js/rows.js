// The arrow keys go from row to row of a list, once a row is focused. Enter follows its link, as links do.

document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const link = event.target.closest?.(".grid .row-link");
  if (!link) return;
  const links = [...link.closest(".grid").querySelectorAll(".row-link")];
  const next = links[links.indexOf(link) + (event.key === "ArrowDown" ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.closest("tr").scrollIntoView({ block: "nearest" });
});
