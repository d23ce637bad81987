// A game on images: samples of fixed noise with D's verdicts, and the minibatch that was just
// played.

import { colours, fresh } from "./dom.js";

const ACROSS = 6;

export function drawImages(canvas, still, frame, shown) {
  const size = canvas.clientWidth || 520;
  const [high, wide] = still.shape.slice(-2);
  const view = frame.view;
  const cell = size / ACROSS;
  const small = size / 10;
  const strips = [];
  if (shown.data && view.x) strips.push(["examples x, and D(x)", view.x, view.x_verdicts, null]);
  if (shown.arrows && view.taught)
    strips.push(["samples of the G step, and D(G(z))", view.taught, view.taught_verdicts, null]);
  if (shown.arrows && view.push)
    strips.push(["−∂L/∂G(z): blue, more ink; orange, less", null, null, view.push]);
  if (shown.mesh && view.paired) {
    strips.push([`samples at iteration ${view.pairs_at}`, view.paired, null, null]);
    strips.push([
      "the nearest training image of each, and its distance",
      view.nearest,
      view.distances,
      null,
    ]);
  }
  const rows = shown.samples ? Math.ceil(view.samples.shape[0] / ACROSS) : 0;
  const height = rows * (cell + 14) + strips.length * (small + 34);
  canvas.style.height = `${height}px`;
  canvas.style.aspectRatio = "auto";
  const draw = fresh(canvas, size, height);
  draw.imageSmoothingEnabled = false;
  draw.textAlign = "center";
  const verdict = (value, px, py) => {
    draw.fillStyle = colours().soft;
    draw.fillText(value === undefined ? "" : value.toFixed(2), px, py);
  };
  for (let n = 0; n < (rows ? view.samples.shape[0] : 0); n++) {
    const px = (n % ACROSS) * cell,
      py = Math.floor(n / ACROSS) * (cell + 14);
    grey(draw, view.samples.array, n, wide, high, px + 2, py + 2, cell - 4);
    verdict(view.verdicts.array[n], px + cell / 2, py + cell + 10);
  }
  let top = rows * (cell + 14) + 16;
  for (const [title, images, verdicts, push] of strips) {
    draw.fillStyle = colours().ink;
    draw.textAlign = "left";
    draw.fillText(title, 2, top);
    draw.textAlign = "center";
    for (let n = 0; n < 10 && n < (images || push).shape[0]; n++) {
      if (images) grey(draw, images.array, n, wide, high, n * small + 1, top + 5, small - 2);
      else signed(draw, push.array, n, wide, high, n * small + 1, top + 5, small - 2);
      if (verdicts) verdict(verdicts.array[n], n * small + small / 2, top + small + 16);
    }
    top += small + 34;
  }
}

function paint(draw, wide, high, px, py, size, colour) {
  const image = new ImageData(wide, high);
  for (let i = 0; i < wide * high; i++) image.data.set([...colour(i), 255], 4 * i);
  const small = new OffscreenCanvas(wide, high);
  small.getContext("2d").putImageData(image, 0, 0);
  draw.drawImage(small, px, py, size, (size * high) / wide);
}

function grey(draw, array, n, wide, high, px, py, size) {
  const start = n * wide * high;
  paint(draw, wide, high, px, py, size, (i) => [
    array[start + i],
    array[start + i],
    array[start + i],
  ]);
}

function signed(draw, array, n, wide, high, px, py, size) {
  const part = array.subarray(n * wide * high, (n + 1) * wide * high);
  const largest = Math.max(1e-30, ...part.map(Math.abs));
  const { paper, accent, minus } = colours().rgb;
  paint(draw, wide, high, px, py, size, (i) => {
    const full = part[i] < 0 ? minus : accent,
      share = Math.sqrt(Math.abs(part[i]) / largest);
    return paper.map((light, c) => light + (full[c] - light) * share);
  });
}
