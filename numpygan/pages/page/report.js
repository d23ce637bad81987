// The slider over the samples: all pictures are in the page, one is shown. Without this script all
// are.
"use strict";
const frames = document.querySelector(".frames");
if (frames) {
  const slider = frames.querySelector("input");
  const output = frames.querySelector("output");
  const pictures = [...frames.querySelectorAll("li")];
  const show = () => {
    const shown = pictures[slider.value];
    for (const picture of pictures) picture.classList.toggle("shown", picture === shown);
    output.value = shown.querySelector("figcaption").textContent;
    slider.setAttribute("aria-valuetext", output.value);
  };
  slider.addEventListener("input", show);
  frames.classList.add("scripted");
  frames.querySelector("label").hidden = slider.hidden = pictures.length < 2;
  show();
}
