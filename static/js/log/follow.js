// Follows the end of a log until somebody scrolls up to read, and again once they are back at the end.

export function follow({ section, view, button, state, source }) {
  let isOn = true;

  function show() {
    const isLive = source.isFollowing && !source.isComplete;
    button.setAttribute("aria-pressed", String(isOn));
    state.hidden = !isLive;
    state.textContent = isOn ? "following" : "paused";
    state.classList.toggle("hue-run", isOn);
    state.classList.toggle("hue-off", !isOn);
    view.isLive = isLive;
    section.classList.toggle("is-live", isLive);
  }

  function turn(on) {
    if (isOn === on) return;
    isOn = on;
    show();
  }

  button.addEventListener("click", () => {
    turn(!isOn);
    if (isOn) view.toEnd();
  });
  view.addEventListener("updated", () => {
    if (isOn) view.toEnd();
  });
  view.addEventListener("looked", () => turn(false));
  // Only a person ends following, by scrolling away from the end: with the wheel, a finger, the keys or the scroll bar.
  view.box.addEventListener("wheel", (event) => event.deltaY < 0 && turn(false), { passive: true });
  view.box.addEventListener("touchmove", () => turn(view.isAtEnd), { passive: true });
  view.box.addEventListener("keydown", (event) => {
    if (["ArrowUp", "PageUp", "Home"].includes(event.key)) turn(false);
  });
  view.box.addEventListener("pointerdown", () => turn(view.isAtEnd));
  view.box.addEventListener("scrollend", () => turn(view.isAtEnd));
  source.addEventListener("change", show);
  // Somebody who has scrolled up to read is not disturbed: they load the rest with a button.
  source.addEventListener("settled", () => isOn && source.again());
}
