// The game on a toy: its picture (toy_plane.js or toy_line.js) beside the scores and the choices;
// and the legend, axes and arrows that both pictures draw.

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
