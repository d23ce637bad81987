// A toy in the plane: D's surface with its contour, samples, and the arrows by which G is taught.

function surface(frame) {
  const { toy } = data;
  if (shown.layer === "p_data") return toy.p_data;
  if (shown.layer !== "difference") return frame[shown.layer];
  return {
    shape: frame.D.shape,
    array: frame.D.array.map((value, i) => value - frame.best.array[i]),
  };
}

function toyPlane(frame, samples, push, drawn, taught) {
  const { toy } = data;
  const n = toy.axis.shape[0],
    size = 520,
    pad = 38;
  const field = surface(frame);
  const zero = shown.layer === "D" || shown.layer === "best" ? 0.5 : 0;
  const canvas = make("canvas", { "aria-hidden": "true" });
  paint(canvas, n, n, (i, j) => field.array[(n - 1 - i) * n + j] - zero, {
    largest: zero || (shown.layer === "difference" ? 1 : 0),
  });
  const px = (value) => pad + ((size - 2 * pad) * (value + toy.edge)) / (2 * toy.edge);
  const x = px,
    y = (value) => size - px(value);
  const share = (100 * pad) / size;
  canvas.style.cssText = `left:${share}%;top:${share}%;width:${100 - 2 * share}%;height:${100 - 2 * share}%`;
  const plot = svg("svg", {
    viewBox: `0 0 ${size} ${size}`,
    class: "plot",
    role: "img",
    "aria-label": `${LAYERS[shown.layer]} over the plane, samples and what G is taught`,
    style: "background:none",
  });
  axes(plot, x, y, size, pad);
  contour(plot, frame.D, 0.5, x, y, { stroke: "var(--ink)", "stroke-width": 1.4 });
  contour(plot, frame.best, 0.5, x, y, {
    stroke: "var(--ink)",
    "stroke-width": 1.2,
    "stroke-dasharray": "4 3",
  });
  const dots = (block, from, to, attributes) => {
    const { at } = matrix(block);
    for (let i = from; i < to; i++) {
      const inside = Math.max(Math.abs(at(i, 0)), Math.abs(at(i, 1))) <= toy.edge;
      if (inside) plot.append(svg("circle", { cx: x(at(i, 0)), cy: y(at(i, 1)), ...attributes }));
    }
  };
  dots(frame.cloud, 0, frame.cloud.shape[0], { r: 1.4, fill: "var(--green)", opacity: 0.55 });
  if (drawn)
    dots(drawn.values[0].block, 0, drawn.rows / 2, {
      r: 3,
      fill: "none",
      stroke: "var(--ink)",
      "stroke-width": 1.3,
    });
  if (samples)
    dots(samples, 0, taught.rows, { r: 3.2, fill: "var(--green)", stroke: "var(--paper)" });
  let arrows = 0;
  if (push) {
    const scale = arrowScale(taught) * 70;
    const from = matrix(samples).at,
      arrow = matrix(push).at;
    for (let i = 0; i < taught.rows; i++)
      arrows += drawArrow(
        plot,
        x(from(i, 0)),
        y(from(i, 1)),
        scale * arrow(i, 0),
        -scale * arrow(i, 1),
      );
  }
  const line = (attributes) =>
    svg("line", { x1: 1, x2: 25, y1: 5, y2: 5, stroke: "var(--ink)", ...attributes });
  const dot = (attributes) => svg("circle", { cx: 13, cy: 5, r: 3.5, ...attributes });
  const what = legend([
    [
      svg("rect", { x: 3, width: 20, height: 10, fill: "var(--accent)" }),
      zero ? "above ½" : "above 0",
    ],
    [
      svg("rect", { x: 3, width: 20, height: 10, fill: "var(--minus)" }),
      zero ? "below ½" : "below 0",
    ],
    [line({ "stroke-width": 1.6 }), "D = ½"],
    [line({ "stroke-dasharray": "4 3" }), "D* = ½"],
    drawn && [dot({ fill: "none", stroke: "var(--ink)" }), "x of this minibatch"],
    [dot({ fill: "var(--green)" }), "G(z)"],
    arrows && [line({ "stroke-width": 2.2 }), "−∂L/∂G(z)"],
  ]);
  return make("div", {}, make("div", { class: "stage" }, canvas, plot), what);
}

// The line where `field` on the grid is `level`, by marching squares with linear interpolation.
function contour(plot, field, level, x, y, attributes) {
  const axis = data.toy.axis.array,
    n = axis.length;
  const value = (i, j) => field.array[i * n + j] - level;
  const between = (i, j, share) => axis[i] + share * (axis[j] - axis[i]);
  let d = "";
  for (let i = 0; i + 1 < n; i++) {
    for (let j = 0; j + 1 < n; j++) {
      const corners = [
        [i, j],
        [i, j + 1],
        [i + 1, j + 1],
        [i + 1, j],
      ];
      const cuts = [];
      corners.forEach((a, k) => {
        const b = corners[(k + 1) % 4],
          u = value(...a),
          v = value(...b);
        if (u < 0 === v < 0 || Number.isNaN(u + v)) return;
        const share = u / (u - v);
        cuts.push(
          `${x(between(a[1], b[1], share)).toFixed(1)} ${y(between(a[0], b[0], share)).toFixed(1)}`,
        );
      });
      for (let k = 0; k + 1 < cuts.length; k += 2) d += `M${cuts[k]}L${cuts[k + 1]}`;
    }
  }
  plot.append(svg("path", { d, fill: "none", ...attributes }));
}
