// Where the game stands: its iteration and line, the play button, the slider, what exists now.

import { find, make, show } from "./dom.js";

let dragging = false;

export function showPlace(frame, setup) {
  const playing = frame.playing;
  const button = find("play");
  if (button.dataset.playing !== String(playing)) {
    button.dataset.playing = playing;
    button.querySelector("path").setAttribute("d", playing ? "M5 3v10M11 3v10" : "M4 3l9 5-9 5z");
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
  }
  const speed = frame.speed >= 1 && playing ? ` · ${show(Math.round(frame.speed))} a second` : "";
  const inside = frame.line ? ` · line ${frame.line} of ${setup.order.length}` : "";
  find("where").textContent = `iteration ${show(frame.iteration)}${inside}${speed}`;
  find("where").dataset.iteration = frame.iteration;
  const slider = find("rewind");
  if (!dragging) {
    slider.min = frame.oldest;
    slider.max = frame.iteration;
    slider.value = frame.iteration;
  }
  find("now").replaceChildren(
    ...frame.now.map(([symbol, value]) =>
      make("span", {}, `${symbol} `, make("b", { "data-value": String(value) }, show(value))),
    ),
  );
}

// rewind: a function of the iteration that the slider is let go at
export function onRewind(rewind) {
  const slider = find("rewind");
  slider.addEventListener("input", () => {
    dragging = true;
    find("rewind-label").textContent = `To ${show(Number(slider.value))}`;
  });
  slider.addEventListener("change", () => {
    dragging = false;
    find("rewind-label").textContent = "Rewind";
    rewind(Number(slider.value));
  });
}
