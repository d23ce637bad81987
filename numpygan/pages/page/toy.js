// The game on a toy: densities, D and D* on the line or over the plane, samples, and the arrows
// that G is taught by.

function toyView() {
  const { toy } = data;
  const frame = toy.frames[data.steps[current].frame];
  const taught = latest("g", "D backward");
  const push = taught && taught.push[shown.loss];
  const samples = taught ? taught.values[0].block : null;
  const drawn = latest("d", "D forward");
  const side = make("div", {});
  if (toy.d === 2)
    side.append(choices("surface", LAYERS, shown.layer, (key) => (shown.layer = key)));
  side.append(lossChoice());
  const scores = lastScores();
  side.append(
    scoreTable([
      [
        "V on this minibatch",
        scores.V === undefined ? "–" : show(scores.V, 5),
        "with dropout, if there is any",
      ],
      ["V on the grid", show(frame.V, 5), "D as it is now"],
      ["C(G), the best D there is", show(frame.C, 5), "D*"],
      ["−log 4, if p_g were p_data", show(-Math.log(4), 5), ""],
    ]),
  );
  side.append(make("p", { class: "hint" }, toy.about));
  if (push)
    side.append(
      saturation(taught),
      make(
        "p",
        { class: "hint" },
        "The arrows of every loss have one scale: the longest of all is as long as can be drawn.",
      ),
    );
  else side.append(waitForPush());
  const plot =
    toy.d === 2
      ? toyPlane(frame, samples, push && push.block, drawn, taught)
      : toyLine(frame, samples, push && push.block, drawn, taught);
  return make("div", { class: "game" }, plot, side);
}

// The key of what is drawn; the entry of something that isn't is null or 0.
function legend(entries) {
  return make(
    "ul",
    { class: "legend" },
    ...entries.filter(Boolean).map(([draw, text]) => {
      const key = svg("svg", { viewBox: "0 0 26 10", "aria-hidden": "true" });
      key.append(draw);
      return make("li", {}, key, text);
    }),
  );
}

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

// One scale for all losses, so that the longest arrow of either has length 1.
function arrowScale(taught) {
  let longest = 0;
  for (const { block } of Object.values(taught.push)) {
    const { rows, columns, at } = matrix(block);
    for (let i = 0; i < rows; i++)
      longest = Math.max(
        longest,
        Math.hypot(...Array.from({ length: columns }, (_, j) => at(i, j))),
      );
  }
  return longest > 0 ? 1 / longest : 0;
}

function drawArrow(plot, x, y, dx, dy) {
  const length = Math.hypot(dx, dy);
  if (length < 0.3) return false;
  const [ux, uy] = [dx / length, dy / length],
    head = Math.min(6, length * 0.6);
  const [tx, ty] = [x + dx, y + dy];
  const wing = (side) =>
    `L${tx - head * ux + side * head * 0.5 * uy} ${ty - head * uy - side * head * 0.5 * ux}`;
  plot.append(
    svg("path", {
      class: "push",
      d: `M${x} ${y}L${tx} ${ty}M${tx} ${ty}${wing(1)}M${tx} ${ty}${wing(-1)}`,
      stroke: "var(--ink)",
      "stroke-width": 1.8,
      fill: "none",
    }),
  );
  return true;
}

function axes(plot, x, y, size, pad) {
  const { edge } = data.toy;
  const side = size - 2 * pad;
  if (y)
    plot.append(
      svg("rect", {
        x: pad,
        y: pad,
        width: side,
        height: side,
        fill: "none",
        stroke: "var(--line)",
      }),
    );
  const step = [0.5, 1, 2, 5, 10].find((candidate) => edge / candidate <= 3.6) || 20;
  for (let v = -Math.floor(edge / step) * step; v <= edge; v += step) {
    const text = String(v).replace("-", "−");
    plot.append(svg("text", { x: x(v), y: size - pad + 17, "text-anchor": "middle" }, text));
    if (y) plot.append(svg("text", { x: pad - 6, y: y(v) + 4, "text-anchor": "end" }, text));
  }
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

function toyLine(frame, samples, push, drawn, taught) {
  const { toy } = data;
  const width = 560,
    height = 430,
    pad = 34,
    base = 280,
    floor = 330;
  const axis = toy.axis.array;
  const x = (value) => pad + ((width - 2 * pad) * (value + toy.edge)) / (2 * toy.edge);
  const plot = svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    class: "plot",
    role: "img",
    "aria-label": "densities, D and D* over the line, samples and what G is taught",
  });
  const densest = Math.max(...toy.p_data.array, ...frame.p_g.array);
  const density = (value) => base - ((base - 20) * value) / densest,
    verdict = (value) => base - (base - 20) * value;
  const curve = (array, y, attributes) => {
    const point = (value, i) =>
      `${i && !Number.isNaN(array[i - 1]) ? "L" : "M"}${x(axis[i]).toFixed(1)} ${y(value).toFixed(1)}`;
    const d = Array.from(array, (value, i) => (Number.isNaN(value) ? "" : point(value, i))).join(
      "",
    );
    plot.append(svg("path", { d, fill: "none", ...attributes }));
  };
  for (const share of [0, 0.5, 1]) {
    plot.append(
      svg("line", {
        x1: pad,
        x2: width - pad,
        y1: verdict(share),
        y2: verdict(share),
        stroke: "var(--line)",
      }),
    );
    plot.append(
      svg(
        "text",
        { x: pad - 6, y: verdict(share) + 4, "text-anchor": "end" },
        share === 0.5 ? "½" : String(share),
      ),
    );
  }
  const styles = {
    data: { stroke: "var(--ink)", "stroke-width": 2, "stroke-dasharray": "2 3" },
    g: { stroke: "var(--green)", "stroke-width": 2.2 },
    D: { stroke: "var(--accent)", "stroke-width": 2.2, "stroke-dasharray": "8 4" },
    best: { stroke: "var(--accent)", "stroke-width": 1.2 },
    difference: { stroke: "var(--minus)", "stroke-width": 1.4 },
  };
  curve(toy.p_data.array, density, styles.data);
  curve(frame.p_g.array, density, styles.g);
  curve(frame.best.array, verdict, styles.best);
  curve(frame.D.array, verdict, styles.D);
  curve(
    frame.D.array.map((value, i) => value - frame.best.array[i]),
    (value) => verdict(0.5 + value / 2),
    styles.difference,
  );
  plot.append(
    svg("line", { x1: pad, x2: width - pad, y1: floor, y2: floor, stroke: "var(--soft)" }),
  );
  const dots = (block, rows, y, attributes) => {
    for (let i = 0; i < rows; i++)
      plot.append(svg("circle", { cx: x(matrix(block).at(i, 0)), cy: y, r: 3.4, ...attributes }));
  };
  if (drawn)
    dots(drawn.values[0].block, drawn.rows / 2, floor - 14, { fill: "none", stroke: "var(--ink)" });
  if (samples) dots(samples, taught.rows, floor, { fill: "var(--green)" });
  let arrows = 0;
  if (push) {
    const scale = arrowScale(taught) * 60;
    for (let i = 0; i < taught.rows; i++)
      arrows += drawArrow(
        plot,
        x(matrix(samples).at(i, 0)),
        floor + 14 + ((i * 7) % 40),
        scale * matrix(push).at(i, 0),
        0,
      );
  }
  axes(plot, x, null, height, pad);
  const line = (attributes) => svg("line", { x1: 1, x2: 25, y1: 5, y2: 5, ...attributes });
  const dot = (attributes) => svg("circle", { cx: 13, cy: 5, r: 3.5, ...attributes });
  return make(
    "div",
    {},
    plot,
    legend([
      [line(styles.data), "p_data"],
      [line(styles.g), "p_g"],
      [line(styles.D), "D"],
      [line(styles.best), "D*"],
      [line(styles.difference), "½ + (D − D*)/2"],
      drawn && [dot({ fill: "none", stroke: "var(--ink)" }), "x of this minibatch"],
      samples && [dot({ fill: "var(--green)" }), "G(z)"],
      arrows && [line({ stroke: "var(--ink)", "stroke-width": 2 }), "−∂L/∂G(z)"],
    ]),
  );
}
