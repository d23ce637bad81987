// The algorithm's lines; the one that has just run is marked.

import { find, make } from "./dom.js";

export function listLines(lines) {
  find("code").replaceChildren(
    ...lines.map(([key, depth, html]) => {
      const inside = make("span", { class: "fixed", "data-key": key });
      inside.innerHTML = html; // MathML that numpygan has made from its own text
      const item = make("li", {}, inside);
      // not an attribute: the page allows no inline styles
      item.style.setProperty("--depth", depth);
      return item;
    }),
  );
}

export function mark(frame, setup) {
  const slow = !frame.playing || frame.unit === "line" || frame.rate > 0;
  const key = slow
    ? frame.line
      ? setup.order[frame.line - 1]
      : frame.iteration
        ? setup.order.at(-1)
        : ""
    : null;
  for (const line of document.querySelectorAll("#code [data-key]")) {
    if (key && line.dataset.key === key) line.setAttribute("aria-current", "step");
    else line.removeAttribute("aria-current");
  }
}
