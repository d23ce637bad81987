// A density drawn with the pointer or the keys: 32 × 32 cells, each 0 to 15.

import { colours } from "./dom.js";

export const CELLS = 32;
const MOST = 15;
const BRUSH = [
  [0, 0, 6],
  [0, 1, 2],
  [1, 0, 2],
  [0, -1, 2],
  [-1, 0, 2],
];

export function createPad(canvas) {
  const cells = new Array(CELLS * CELLS).fill(0);
  let cursor = null; // the cell that the keys have reached
  const paint = (i, j, sign) => {
    for (const [di, dj, amount] of BRUSH) {
      const [a, b] = [i + di, j + dj];
      if (a < 0 || b < 0 || a >= CELLS || b >= CELLS) continue;
      cells[a * CELLS + b] = Math.max(0, Math.min(MOST, cells[a * CELLS + b] + sign * amount));
    }
    pad.draw();
  };
  const pad = {
    cells,
    draw() {
      const { paper, ink, accent } = colours().rgb;
      const image = new ImageData(CELLS, CELLS);
      cells.forEach((value, n) => {
        const share = value / MOST;
        const here = cursor && cursor[0] * CELLS + cursor[1] === n;
        for (let c = 0; c < 3; c++)
          image.data[4 * n + c] = here ? accent[c] : paper[c] + (ink[c] - paper[c]) * share;
        image.data[4 * n + 3] = 255;
      });
      canvas.getContext("2d").putImageData(image, 0, 0);
    },
    clear() {
      cells.fill(0);
      pad.draw();
    },
    // As text for the address: a hexadecimal digit for each cell.
    text: () => cells.map((value) => value.toString(16)).join(""),
    read(text) {
      for (let n = 0; n < cells.length; n++) cells[n] = parseInt(text[n], 16) || 0;
      pad.draw();
    },
  };
  const under = (event) => {
    const box = canvas.getBoundingClientRect();
    const place = (at, start, size) => Math.floor(((at - start) / size) * CELLS);
    paint(
      place(event.clientY, box.top, box.height),
      place(event.clientX, box.left, box.width),
      event.shiftKey ? -1 : 1,
    );
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    cursor = null;
    under(event);
  });
  canvas.addEventListener("pointermove", (event) => event.buttons && under(event));
  canvas.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[
      event.key
    ];
    cursor = cursor || [CELLS / 2, CELLS / 2];
    if (move) cursor = cursor.map((at, i) => Math.max(0, Math.min(CELLS - 1, at + move[i])));
    else if (event.key === " ") paint(...cursor, 1);
    else if (event.key === "Backspace") paint(...cursor, -1);
    else return;
    pad.draw();
    event.preventDefault();
    event.stopPropagation();
  });
  canvas.addEventListener("blur", () => {
    cursor = null;
    pad.draw();
  });
  return pad;
}
