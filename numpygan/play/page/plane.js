// A game in the plane: D's surface with its ½ contour, data, samples, the image of a grid in z, and
// what G is taught.

import { colours, fresh } from "./dom.js";

// CSS pixels of an arrow whose gradient has length 1; longer ones grow with the square root
export const LENGTH = 14;
const LONGEST = 80;
const PAD = 34;

export function drawPlane(canvas, still, frame, shown) {
  const size = canvas.clientWidth || 520;
  const draw = fresh(canvas, size, size);
  const colour = colours();
  const { edge } = still;
  const inner = size - 2 * PAD;
  const x = (value) => PAD + (inner * (value + edge)) / (2 * edge);
  const y = (value) => size - x(value);
  const view = frame.view;
  const field = view.field || view.D;
  surface(draw, field, view.surface === "D" || view.surface === "best" ? 0.5 : 0, PAD, inner);
  axes(draw, x, y, edge, size);
  draw.save();
  draw.beginPath();
  draw.rect(PAD, PAD, inner, inner);
  draw.clip();
  const axis = (i, n) => -edge + (2 * edge * i) / (n - 1);
  contour(draw, view.D, 0.5, axis, x, y, colour.ink, 1.6);
  if (view.best) contour(draw, view.best, 0.5, axis, x, y, colour.ink, 1.2, [5, 4]);
  if (still.modes) modes(draw, still, x, y, edge, inner);
  if (shown.mesh && view.mesh) mesh(draw, view.mesh, x, y);
  if (shown.data) dots(draw, still.data, x, y, 1.3, colour.ink, 0.55);
  if (shown.samples) dots(draw, view.cloud, x, y, 1.7, colour.green, 0.9);
  if (shown.arrows && view.taught) {
    if (view.push) arrows(draw, view.taught, view.push, x, y);
    dots(draw, view.taught, x, y, 2.6, colour.green, 1, colour.paper);
  }
  draw.restore();
}

// Blue above `zero`, orange below, the paper's colour at it; smooth between the points of the grid.
function surface(draw, field, zero, pad, inner) {
  const [n] = field.shape;
  const { paper, accent, minus } = colours().rgb;
  let largest = zero || 1e-12;
  if (!zero)
    for (const value of field.array) if (Math.abs(value) > largest) largest = Math.abs(value);
  const image = new ImageData(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const value = field.array[(n - 1 - i) * n + j] - zero || 0;
      const full = value < 0 ? minus : accent;
      const share = 0.6 * Math.sqrt(Math.min(1, Math.abs(value) / largest));
      for (let c = 0; c < 3; c++)
        image.data[4 * (i * n + j) + c] = paper[c] + (full[c] - paper[c]) * share;
      image.data[4 * (i * n + j) + 3] = 255;
    }
  }
  const small = new OffscreenCanvas(n, n);
  small.getContext("2d").putImageData(image, 0, 0);
  draw.imageSmoothingQuality = "high";
  const half = inner / (n - 1) / 2; // the first and the last point lie on the edge
  draw.save();
  draw.beginPath();
  draw.rect(pad, pad, inner, inner);
  draw.clip();
  draw.drawImage(small, pad - half, pad - half, inner + 2 * half, inner + 2 * half);
  draw.restore();
}

function axes(draw, x, y, edge, size) {
  const colour = colours();
  draw.strokeStyle = colour.line;
  draw.strokeRect(PAD, PAD, size - 2 * PAD, size - 2 * PAD);
  draw.fillStyle = colour.soft;
  const step = [0.5, 1, 2, 5, 10].find((candidate) => edge / candidate <= 3.6) || 20;
  for (let v = -Math.floor(edge / step) * step; v <= edge; v += step) {
    const text = String(v).replace("-", "−");
    draw.textAlign = "center";
    draw.fillText(text, x(v), size - PAD + 16);
    draw.textAlign = "right";
    draw.fillText(text, PAD - 5, y(v) + 4);
  }
}

function dots(draw, rows, x, y, radius, fill, opacity, ring) {
  draw.globalAlpha = opacity;
  draw.fillStyle = fill;
  draw.beginPath();
  for (let i = 0; i < rows.shape[0]; i++) {
    const [px, py] = [x(rows.array[2 * i]), y(rows.array[2 * i + 1])];
    draw.moveTo(px + radius, py);
    draw.arc(px, py, radius, 0, 2 * Math.PI);
  }
  draw.fill();
  if (ring) {
    draw.strokeStyle = ring;
    draw.lineWidth = 0.8;
    draw.stroke();
  }
  draw.globalAlpha = 1;
}

// A circle around each mode: 3σ, but large enough to be seen.
function modes(draw, still, x, y, edge, inner) {
  draw.strokeStyle = colours().soft;
  draw.lineWidth = 1;
  const radius = Math.max(6, (still.three_sigma * inner) / (2 * edge));
  for (const [mx, my] of still.modes) {
    draw.beginPath();
    draw.arc(x(mx), y(my), radius, 0, 2 * Math.PI);
    draw.stroke();
  }
}

function mesh(draw, rows, x, y) {
  const n = Math.round(Math.sqrt(rows.shape[0]));
  const at = (i, j) => [x(rows.array[2 * (i * n + j)]), y(rows.array[2 * (i * n + j) + 1])];
  draw.strokeStyle = colours().green;
  draw.globalAlpha = 0.8;
  draw.lineWidth = 1;
  draw.beginPath();
  for (let i = 0; i < n; i++) {
    draw.moveTo(...at(i, 0));
    for (let j = 1; j < n; j++) draw.lineTo(...at(i, j));
    draw.moveTo(...at(0, i));
    for (let j = 1; j < n; j++) draw.lineTo(...at(j, i));
  }
  draw.stroke();
  draw.globalAlpha = 1;
}

// The arrow of each sample points where the loss tells it to go. Its length grows with the square
// root of m ‖∂L/∂G(z)‖.
function arrows(draw, from, push, x, y) {
  const m = from.shape[0];
  draw.strokeStyle = colours().ink;
  draw.lineWidth = 1.3;
  draw.beginPath();
  for (let i = 0; i < m; i++)
    arrow(
      draw,
      x(from.array[2 * i]),
      y(from.array[2 * i + 1]),
      m * push.array[2 * i],
      -m * push.array[2 * i + 1],
    );
  draw.stroke();
}

export function arrow(draw, px, py, gx, gy) {
  const norm = Math.hypot(gx, gy);
  const length = Math.min(LONGEST, LENGTH * Math.sqrt(norm));
  if (!(length > 1)) return;
  const [ux, uy] = [gx / norm, gy / norm];
  const [tx, ty, head] = [px + ux * length, py + uy * length, Math.min(5, length / 2)];
  draw.moveTo(px, py);
  draw.lineTo(tx, ty);
  draw.moveTo(tx - head * (ux - 0.5 * uy), ty - head * (uy + 0.5 * ux));
  draw.lineTo(tx, ty);
  draw.lineTo(tx - head * (ux + 0.5 * uy), ty - head * (uy - 0.5 * ux));
}

// The line where `field` on the grid is `level`, by marching squares with linear interpolation.
function contour(draw, field, level, axis, x, y, colour, width, dash = []) {
  const [n] = field.shape;
  const value = (i, j) => field.array[i * n + j] - level;
  const between = (a, b, share) => axis(a + share * (b - a), n);
  draw.strokeStyle = colour;
  draw.lineWidth = width;
  draw.setLineDash(dash);
  draw.beginPath();
  for (let i = 0; i + 1 < n; i++) {
    for (let j = 0; j + 1 < n; j++) {
      const corners = [
        [i, j],
        [i, j + 1],
        [i + 1, j + 1],
        [i + 1, j],
      ];
      const cuts = [];
      for (let c = 0; c < 4; c++) {
        const a = corners[c],
          b = corners[(c + 1) % 4],
          u = value(...a),
          v = value(...b);
        if (u < 0 === v < 0 || Number.isNaN(u + v)) continue;
        const share = u / (u - v);
        cuts.push([x(between(a[1], b[1], share)), y(between(a[0], b[0], share))]);
      }
      for (let c = 0; c + 1 < cuts.length; c += 2) {
        draw.moveTo(...cuts[c]);
        draw.lineTo(...cuts[c + 1]);
      }
    }
  }
  draw.stroke();
  draw.setLineDash([]);
}
