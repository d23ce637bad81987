// A game on the line: the paper's Figure 1. Densities, D and D* above, z → x and what G is taught
// below.

import { colours, fresh } from "./dom.js";
import { arrow } from "./plane.js";

const PAD = 34;

export function drawLine(canvas, still, frame, shown) {
  const width = canvas.clientWidth || 520,
    height = width;
  const draw = fresh(canvas, width, height);
  const colour = colours();
  const view = frame.view,
    axis = still.axis.array;
  const base = height * 0.6,
    floor = height * 0.7,
    bottom = height - 24;
  const x = (value) => PAD + ((width - 2 * PAD) * (value + still.edge)) / (2 * still.edge);
  const z = (value) => x((value * still.edge) / still.z.array[still.z.array.length - 1]);
  const densest = Math.min(
    2.5 * Math.max(...still.p_data.array),
    Math.max(...still.p_data.array, ...finite(view.p_g.array)),
  );
  const density = (value) => base - ((base - 16) * Math.min(value, 1.05 * densest)) / densest;
  const verdict = (value) => base - (base - 16) * value;
  draw.fillStyle = colour.soft;
  draw.lineWidth = 1;
  draw.strokeStyle = colour.line;
  draw.textAlign = "right";
  for (const [share, text] of [
    [0, "0"],
    [0.5, "½"],
    [1, "1"],
  ]) {
    stroke(draw, [PAD, verdict(share)], [width - PAD, verdict(share)]);
    draw.fillText(text, PAD - 5, verdict(share) + 4);
  }
  draw.textAlign = "left"; // the axis of the densities, on the right; the axis of D is on the left
  const step =
    [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10].find((candidate) => densest / candidate <= 6) || densest;
  for (let value = step; value <= densest; value += step)
    draw.fillText(String(Number(value.toPrecision(2))), width - PAD + 5, density(value) + 4);
  draw.fillText("D", 2, 12);
  draw.textAlign = "right";
  draw.fillText("density", width - 2, 12);
  curve(draw, axis, view.best.array, x, verdict, colour.accent, 1.2);
  curve(draw, axis, view.D.array, x, verdict, colour.accent, 2.2, [8, 4]);
  if (shown.data) curve(draw, axis, still.p_data.array, x, density, colour.ink, 2.2, [2, 3]);
  if (shown.samples) curve(draw, axis, view.p_g.array, x, density, colour.green, 2.4);
  draw.strokeStyle = colour.soft;
  draw.lineWidth = 1;
  stroke(draw, [PAD, floor], [width - PAD, floor]);
  stroke(draw, [PAD, bottom], [width - PAD, bottom]);
  draw.textAlign = "left";
  draw.fillText("x", width - PAD + 8, floor + 4);
  draw.fillText("z", width - PAD + 8, bottom + 4);
  if (shown.mesh) {
    draw.strokeStyle = colour.green;
    draw.globalAlpha = 0.7;
    for (let i = 0; i < view.to.array.length; i++)
      stroke(draw, [z(still.z.array[i]), bottom], [x(view.to.array[i]), floor]);
    draw.globalAlpha = 1;
  }
  draw.textAlign = "center";
  for (let v = -Math.floor(still.edge); v <= still.edge; v++)
    draw.fillText(String(v).replace("-", "−"), x(v), base + 16);
  if (shown.arrows && view.taught) taught(draw, view, x, floor);
}

function taught(draw, view, x, floor) {
  const colour = colours(),
    m = view.taught.shape[0];
  draw.fillStyle = colour.green;
  draw.beginPath();
  for (let i = 0; i < m; i++) {
    draw.moveTo(x(view.taught.array[i]) + 2, floor);
    draw.arc(x(view.taught.array[i]), floor, 2, 0, 2 * Math.PI);
  }
  draw.fill();
  if (!view.push) return;
  draw.strokeStyle = colour.ink;
  draw.lineWidth = 1.2;
  draw.beginPath();
  for (let i = 0; i < Math.min(m, 48); i++)
    arrow(draw, x(view.taught.array[i]), floor - 4 - (i % 8) * 2.5, m * view.push.array[i], 0);
  draw.stroke();
}

function finite(array) {
  return Array.from(array).filter(Number.isFinite);
}

function stroke(draw, from, to) {
  draw.beginPath();
  draw.moveTo(...from);
  draw.lineTo(...to);
  draw.stroke();
}

function curve(draw, axis, array, x, y, colour, width, dash = []) {
  draw.strokeStyle = colour;
  draw.lineWidth = width;
  draw.setLineDash(dash);
  draw.beginPath();
  let on = false;
  for (let i = 0; i < axis.length; i++) {
    if (!Number.isFinite(array[i])) on = false;
    else if (on) draw.lineTo(x(axis[i]), y(array[i]));
    else draw.moveTo(x(axis[i]), y(array[i]));
    on = Number.isFinite(array[i]);
  }
  draw.stroke();
  draw.setLineDash([]);
}
