// The length of every adjoint through the depth of D and G, on a log scale.

let drawnNorms = null; // the iteration that is thick

function drawNorms() {
  const place = document.getElementById("norms");
  if (drawnNorms === data.steps[current].iteration) return;
  drawnNorms = data.steps[current].iteration;
  place.replaceChildren();
  for (const [title, side] of atOnce()
    ? [
        ["For D: back through D", "d"],
        ["For G: back through the same D, then through G", "g"],
      ]
    : [
        ["D step: back through D", "d"],
        ["G step: back through the frozen D, then through G", "g"],
      ]) {
    place.append(make("div", {}, make("h3", {}, title), normsPlot(side)));
  }
}

// The adjoints of each iteration in the order in which they are computed: [{name, norm}, …].
function normsOf(side) {
  const lines = new Map();
  data.steps.forEach((step, index) => {
    if (step.line !== `${side} D backward` && step.line !== `${side} G backward`) return;
    const { net, pass } = step.stack[0];
    const kept = data.passes[pass];
    const last = kept.adjoints.length - 1;
    const points = [];
    for (let i = last; i >= 0; i--) {
      if (!kept.adjoints[i] || (net === "G" && i === last)) continue; // G's output is D's input
      const into = i === last ? "logit" : data.nets[net].layers[i].name;
      points.push({
        name: i === last ? `${net}: output` : `${net}: input of ${into}`,
        net,
        norm: kept.adjoints[i].stats[3],
      });
    }
    const line = lines.get(step.iteration) || { points: [], ready: index };
    line.points = side === "d" ? points : [...line.points, ...points];
    line.ready = index;
    lines.set(step.iteration, line);
  });
  return lines;
}

function normsPlot(side) {
  const lines = normsOf(side);
  const width = 560,
    height = 250,
    left = 58,
    right = 12,
    top = 12,
    bottom = 46;
  const all = [...lines.values()].flatMap((line) => line.points);
  const logs = all.map((point) => Math.log10(Math.max(point.norm, 1e-30)));
  const low = Math.floor(Math.min(...logs)),
    high = Math.max(low + 1, Math.ceil(Math.max(...logs)));
  const count = Math.max(...[...lines.values()].map((line) => line.points.length));
  const x = (i) => left + ((width - left - right) * i) / Math.max(1, count - 1);
  const y = (value) => top + ((height - top - bottom) * (high - value)) / (high - low);
  const plot = svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    class: "plot",
    role: "img",
    "aria-label": `length of the adjoints, ${side === "d" ? "D" : "G"} step`,
  });
  const every = Math.ceil((high - low) / 5);
  for (let p = low; p <= high; p += every) {
    plot.append(
      svg("line", { x1: left, x2: width - right, y1: y(p), y2: y(p), stroke: "var(--line)" }),
    );
    plot.append(
      svg(
        "text",
        { x: left - 8, y: y(p) + 4, "text-anchor": "end" },
        `10${[...String(p)].map((digit) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(digit)]).join("")}`,
      ),
    );
  }
  const first = [...lines.values()][0].points;
  const border = first.findIndex((point) => point.net === "G");
  if (border > 0)
    plot.append(
      svg("line", {
        x1: x(border - 0.5),
        x2: x(border - 0.5),
        y1: top,
        y2: height - bottom,
        stroke: "var(--soft)",
        "stroke-dasharray": "3 3",
      }),
    );
  const kinds = first.map((point) => point.net);
  for (const net of new Set(kinds)) {
    const places = kinds.map((kind, i) => (kind === net ? i : -1)).filter((i) => i >= 0);
    const middle = (places[0] + places.at(-1)) / 2;
    plot.append(svg("text", { x: x(middle), y: height - 24, "text-anchor": "middle" }, net));
  }
  plot.append(svg("text", { x: left, y: height - 6 }, "← logit"));
  plot.append(
    svg("text", { x: width - right, y: height - 6, "text-anchor": "end" }, "the way back →"),
  );
  for (const [iteration, line] of lines) {
    const here = iteration === data.steps[current].iteration;
    const path = line.points
      .map((point, i) => `${i ? "L" : "M"}${x(i)} ${y(Math.log10(Math.max(point.norm, 1e-30)))}`)
      .join("");
    plot.append(
      svg("path", {
        d: path,
        fill: "none",
        stroke: here ? "var(--accent)" : "var(--soft)",
        "stroke-width": here ? 2.5 : 1,
        opacity: here ? 1 : 0.55,
      }),
    );
    if (!here) continue;
    line.points.forEach((point, i) => {
      const dot = svg("circle", {
        cx: x(i),
        cy: y(Math.log10(Math.max(point.norm, 1e-30))),
        r: 4.5,
        fill: "var(--accent)",
      });
      dot.append(svg("title", {}, `${point.name}: ${show(point.norm)}`));
      plot.append(dot);
    });
  }
  const now = lines.get(data.steps[current].iteration) || { points: [] };
  const table = make(
    "table",
    { class: "scores" },
    ...now.points.map((point) =>
      make("tr", {}, make("th", { scope: "row" }, point.name), make("td", {}, show(point.norm))),
    ),
  );
  return make(
    "div",
    {},
    plot,
    make("details", { class: "notes" }, make("summary", {}, "The numbers"), table),
  );
}

function svg(tag, attributes = {}, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}
