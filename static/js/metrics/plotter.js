// Loads uPlot when there is something to draw: it is a third of the size of a page.

let loading = null;

/** Resolves when `window.uPlot` is there. */
export function loadPlotter(url) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.addEventListener("load", resolve);
    script.addEventListener("error", () => reject(new Error("uPlot did not load.")));
    document.head.append(script);
  });
  return loading;
}
