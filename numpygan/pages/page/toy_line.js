// A toy on the line: densities, D and D*, samples, and the arrows by which G is taught.

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
