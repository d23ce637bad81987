// Curves over the iterations.

import { colours, fresh, show } from "./dom.js";

const LEFT = 44,
  RIGHT = 8;

export const DASHES = [[], [6, 3], [2, 2], [9, 2, 2, 2]]; // of the first, second, … layer

// rows: (n, 4 + layers), iteration, V, D(x), D(G(z)), length of the gradient of each layer; least:
// −log 4.
export function drawCurves(canvas, rows, least) {
  const height = 250;
  const draw = fresh(canvas, canvas.clientWidth || 420, height);
  const [n, across] = rows.shape;
  const at = (i, c) => rows.array[across * i + c];
  let low = 2 * least;
  for (let i = 0; i < n; i++) low = Math.min(low, at(i, 1));
  const upper = [10, 118],
    lower = [142, 228];
  const V = (value) => upper[0] + ((upper[1] - upper[0]) * (0 - value)) / (0 - low);
  const D = (value) => lower[1] - (lower[1] - lower[0]) * value;
  const { ink, accent, green } = colours();
  const curves = [
    { y: (i) => V(at(i, 1)), stroke: ink, dash: [] },
    { y: (i) => D(at(i, 2)), stroke: accent, dash: [] },
    { y: (i) => D(at(i, 3)), stroke: green, dash: [5, 2] },
  ];
  const levels = [
    [V(0), "0"],
    [V(least), "−log 4"],
    [D(0), "0"],
    [D(0.5), "½"],
    [D(1), "1"],
  ];
  drawLines(draw, canvas, height, n, (i) => at(i, 0), curves, levels);
}

// rows: (n, 3), iteration, nats, σ. The axis begins at the 20 % quantile: the first estimates lie
// far below.
export function drawParzen(canvas, rows) {
  const width = canvas.clientWidth || 420,
    height = 130,
    top = 18,
    bottom = 104;
  const draw = fresh(canvas, width, height);
  const n = rows.shape[0],
    colour = colours();
  const nats = Array.from({ length: n }, (_, i) => rows.array[3 * i + 1]);
  const low = [...nats].sort((a, b) => a - b)[Math.floor(0.2 * (n - 1))],
    high = Math.max(...nats);
  const first = rows.array[0],
    last = Math.max(first + 1, rows.array[3 * (n - 1)]);
  const x = (iteration) => LEFT + ((width - LEFT - RIGHT) * (iteration - first)) / (last - first);
  const y = (value) =>
    bottom - ((bottom - top) * (Math.max(low, value) - low)) / Math.max(1e-9, high - low);
  draw.fillStyle = colour.soft;
  draw.textAlign = "right";
  draw.fillText(show(high, 3), LEFT - 5, top + 4);
  if (high > low) draw.fillText(show(low, 3), LEFT - 5, bottom + 4);
  draw.fillText(`iteration ${show(last)}`, width - RIGHT, height - 6);
  draw.textAlign = "left";
  draw.fillText("Parzen estimate, nats", LEFT, 10);
  draw.strokeStyle = colour.ink;
  draw.lineWidth = 1.6;
  draw.beginPath();
  nats.forEach((value, i) => draw[i ? "lineTo" : "moveTo"](x(rows.array[3 * i]), y(value)));
  draw.stroke();
  draw.fillStyle = colour.ink;
  nats.forEach((value, i) => draw.fillRect(x(rows.array[3 * i]) - 2, y(value) - 2, 4, 4));
}

// Curves over n iterations: [{y(i), stroke, dash}, …], y in pixels, on levels: [[y, text], …].
function drawLines(draw, canvas, height, n, iteration, curves, levels) {
  const width = canvas.clientWidth || 420,
    colour = colours();
  const first = n ? iteration(0) : 0,
    last = n ? Math.max(first + 1, iteration(n - 1)) : 1;
  const x = (i) => LEFT + ((width - LEFT - RIGHT) * (iteration(i) - first)) / (last - first);
  for (const [y, text] of levels) {
    draw.strokeStyle = colour.line;
    draw.lineWidth = 1;
    draw.beginPath();
    draw.moveTo(LEFT, y);
    draw.lineTo(width - RIGHT, y);
    draw.stroke();
    draw.fillStyle = colour.soft;
    draw.textAlign = "right";
    draw.fillText(text, LEFT - 5, y + 4);
  }
  for (const { y, stroke, dash } of curves) {
    draw.strokeStyle = stroke;
    draw.lineWidth = 1.6;
    draw.setLineDash(dash);
    draw.beginPath();
    let on = false;
    for (let i = 0; i < n; i++) {
      const at = y(i);
      if (Number.isFinite(at)) draw[on ? "lineTo" : "moveTo"](x(i), at);
      on = Number.isFinite(at);
    }
    draw.stroke();
  }
  draw.setLineDash([]);
  draw.fillStyle = colour.soft;
  draw.textAlign = "left";
  draw.fillText(show(first), LEFT, height - 6);
  draw.textAlign = "right";
  draw.fillText(`iteration ${show(n ? last : 0)}`, width - RIGHT, height - 6);
}

// rows as in drawCurves; the first `inD` layers are D's.
export function drawNorms(canvas, rows, inD) {
  const height = 170,
    top = 12,
    bottom = height - 26;
  const draw = fresh(canvas, canvas.clientWidth || 420, height);
  const [n, across] = rows.shape;
  const log = (i, c) => Math.log10(rows.array[across * i + c]);
  let low = Infinity,
    high = -Infinity;
  for (let i = 0; i < n; i++)
    for (let c = 4; c < across; c++)
      if (Number.isFinite(log(i, c)))
        [low, high] = [Math.min(low, log(i, c)), Math.max(high, log(i, c))];
  if (!(low <= high)) [low, high] = [-1, 0];
  [low, high] = [Math.floor(low), Math.max(Math.ceil(high), Math.floor(low) + 1)];
  const y = (value) => bottom - ((bottom - top) * (value - low)) / (high - low);
  const step = Math.ceil((high - low) / 5);
  const levels = [];
  for (let power = low; power <= high; power += step)
    levels.push([
      y(power),
      power < -3 || power > 4 ? `1e${power}`.replace("-", "−") : show(10 ** power, 1),
    ]);
  const { accent, green } = colours();
  const curves = Array.from({ length: across - 4 }, (_, c) => ({
    y: (i) => y(log(i, c + 4)),
    stroke: c < inD ? accent : green,
    dash: DASHES[(c < inD ? c : c - inD) % DASHES.length],
  }));
  drawLines(draw, canvas, height, n, (i) => rows.array[across * i], curves, levels);
}

// rows: (n, 3), iteration, modes found of `all`, share of samples near a mode.
export function drawModes(canvas, rows, all) {
  const height = 120,
    top = 12,
    bottom = height - 26;
  const draw = fresh(canvas, canvas.clientWidth || 420, height);
  const at = (i, c) => rows.array[3 * i + c];
  const y = (share) => bottom - (bottom - top) * share;
  const { accent, green } = colours();
  const curves = [
    { y: (i) => y(at(i, 1) / all), stroke: green, dash: [] },
    { y: (i) => y(at(i, 2)), stroke: accent, dash: [5, 2] },
  ];
  const levels = [
    [y(0), "0"],
    [y(1), String(all)],
  ];
  drawLines(draw, canvas, height, rows.shape[0], (i) => at(i, 0), curves, levels);
  draw.fillText("100 %", (canvas.clientWidth || 420) - RIGHT, top - 2);
}
