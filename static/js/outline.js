// `data-outline` is a list of links to the headings of its page. The link to the part that is being read is marked.
const HEADING_IS_REACHED = 120;

const links = [...document.querySelectorAll("[data-outline] a")];
const headings = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
let isAsked = false;

function mark() {
  isAsked = false;
  const reached = headings.findLastIndex((heading) => heading.getBoundingClientRect().top <= HEADING_IS_REACHED);
  for (const [place, link] of links.entries()) {
    if (place === reached) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

function ask() {
  if (!isAsked) requestAnimationFrame(mark);
  isAsked = true;
}

if (links.length) {
  document.addEventListener("scroll", ask, { passive: true });
  mark();
}
