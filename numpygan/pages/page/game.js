// The game itself: on a toy the densities, D, the best D there is, and what G is taught; on images
// the digits and D's verdicts.

const LAYERS = {
  D: "D",
  best: "D*",
  difference: "D − D*",
  p_data: "p_data",
  p_g: "p_g",
};
const shown = { layer: "D", loss: null };
let drawnGame = ""; // what it shows now, so that a step that changes nothing here costs nothing

function drawGame() {
  const place = document.getElementById("game");
  shown.loss = shown.loss || data.loss;
  const passes = ["d D forward", "g D backward"].map((line) =>
    data.passes.indexOf(latest(line[0], line.slice(2))),
  );
  const now = [
    data.steps[current].frame,
    ...passes,
    lastScores().V,
    shown.layer,
    shown.loss,
  ].join();
  if (now === drawnGame) return;
  drawnGame = now;
  const view = data.toy
    ? toyView()
    : data.image
      ? imageView()
      : make(
          "p",
          { class: "hint" },
          "Nothing to draw: the data are neither 1-D or 2-D points nor images.",
        );
  place.replaceChildren(view);
}

// The last pass of `net` up to the current line in this iteration, with adjoints or not; null if
// there is none yet.
function latest(side, what) {
  const { iteration } = data.steps[current];
  for (let i = current; i >= 0 && data.steps[i].iteration === iteration; i--) {
    if (data.steps[i].line === `${side} ${what}`) return data.passes[data.steps[i].stack[0].pass];
  }
  return null;
}

function choices(label, values, now, pick) {
  const buttons = Object.entries(values).map(([key, text]) =>
    make(
      "button",
      {
        "aria-pressed": String(key === now),
        onclick: () => {
          pick(key);
          drawGame();
          // the button that was pressed is gone
          document.querySelector(`[aria-label="${label}"] [aria-pressed=true]`).focus();
        },
      },
      text,
    ),
  );
  return make(
    "div",
    { class: "controls", role: "group", "aria-label": label },
    make("span", {}, label),
    ...buttons,
  );
}

const lossChoice = () => {
  const names = Object.keys(data.losses);
  const values = Object.fromEntries(names.map((loss) => [loss, loss.replace("_", "-")]));
  return choices("G's loss", values, shown.loss, (key) => (shown.loss = key));
};

function scoreTable(rows) {
  return make(
    "table",
    { class: "scores" },
    ...rows.map(([name, value, note]) =>
      make(
        "tr",
        {},
        make("th", { scope: "row" }, name),
        make("td", {}, value),
        make("td", { class: "aside" }, note || ""),
      ),
    ),
  );
}

function lastScores() {
  for (let i = current; i >= 0; i--)
    if (data.steps[i].scores && data.steps[i].scores.V !== undefined) return data.steps[i].scores;
  return {};
}

// What saturation does to what G is taught: the mean length of −∂L/∂G(z) for each loss, and the
// slope of each at the logit.
function saturation(taught) {
  const { push, verdicts } = taught;
  const mean = verdicts.array.reduce((a, b) => a + b, 0) / verdicts.array.length;
  const rows = Object.entries(push).map(([loss, { length }]) => [
    loss.replace("_", "-"),
    show(length, 4),
    `L = ${data.losses[loss].formula}${loss === data.loss ? "; the one that trains here" : ""}`,
  ]);
  const ratio = push.saturating.length / push.non_saturating.length;
  rows.push([
    "their ratio",
    show(ratio, 4),
    `saturating : non-saturating; sample by sample it is D : (1 − D), here D(G(z)) is ${show(mean, 3)} on average`,
  ]);
  return make(
    "div",
    { class: "saturation" },
    make("h3", {}, "Mean length of −∂L/∂G(z)"),
    scoreTable(rows),
    slopesPlot(verdicts.array),
    make(
      "p",
      { class: "hint" },
      "How hard each loss pushes at the logit, |∂L/∂a|, and where this minibatch's samples are on it. Where D is sure that a ",
      "sample is generated, D → 0, the saturating loss hardly pushes and the other pushes most.",
    ),
  );
}

// |∂L/∂a| of `loss` at D(G(z)) = D, between the two nearest of its 101 slopes.
function slopeAt(loss, D) {
  const { array } = data.losses[loss].slopes;
  const i = Math.min(99, Math.floor(D * 100));
  return array[i] + (D * 100 - i) * (array[i + 1] - array[i]);
}

// |∂L/∂a| of each loss over D(G(z)), the samples as dots on the chosen one.
function slopesPlot(verdicts) {
  const [width, height, left, right, top, bottom] = [560, 150, 30, 160, 10, 34];
  const x = (D) => left + (width - left - right) * D,
    y = (slope) => height - bottom - (height - top - bottom) * Math.min(1, slope);
  const plot = svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    class: "plot slopes",
    role: "img",
    "aria-label": "slope of the losses over D(G(z))",
  });
  for (const share of [0, 0.5, 1]) {
    const text = share === 0.5 ? "½" : String(share);
    plot.append(
      svg("line", { x1: x(0), x2: x(1), y1: y(share), y2: y(share), stroke: "var(--line)" }),
    );
    plot.append(svg("text", { x: x(0) - 7, y: y(share) + 4, "text-anchor": "end" }, text));
    plot.append(
      svg("text", { x: x(share), y: height - bottom + 15, "text-anchor": "middle" }, text),
    );
  }
  plot.append(svg("text", { x: x(0.5), y: height - 4, "text-anchor": "middle" }, "D(G(z))"));
  for (const [loss, { slopes }] of Object.entries(data.losses)) {
    const d = Array.from(slopes.array)
      .filter((slope) => slope <= 1)
      .map((slope, i) => `${i ? "L" : "M"}${x(i / 100).toFixed(1)} ${y(slope).toFixed(1)}`)
      .join("");
    const chosen = loss === shown.loss;
    plot.append(
      svg("path", {
        d,
        fill: "none",
        stroke: chosen ? "var(--accent)" : "var(--soft)",
        "stroke-width": chosen ? 2.2 : 1.2,
      }),
    );
    const height = { saturating: 1, non_saturating: 0, maximum_likelihood: 0.5 }[loss];
    plot.append(
      svg(
        "text",
        { x: x(1) + 10, y: y(height) + 4, class: chosen ? "chosen" : "" },
        loss.replace("_", "-"),
      ),
    );
  }
  for (const D of verdicts)
    plot.append(
      svg("circle", {
        cx: x(D),
        cy: y(slopeAt(shown.loss, D)),
        r: 3.4,
        fill: "var(--green)",
        stroke: "var(--paper)",
      }),
    );
  return plot;
}

function waitForPush() {
  const goThere = () => go(nearest("g D backward"));
  return make(
    "p",
    { class: "hint" },
    "What G is taught is known once its loss has gone back through D. ",
    make("button", { onclick: goThere }, "Go there"),
  );
}

function imageView() {
  const view = make("div", {});
  const drawn = latest("d", "D forward");
  const taught = latest("g", "D backward");
  const grey = { scale: 3, grey: data.limits };
  const verdicts = (kept, from, name) => (n) => `${name} = ${show(kept[from + n], 4)}`;
  if (drawn) {
    const logits = drawn.values.at(-1).block.array,
      half = drawn.rows / 2;
    const shownRows = drawn.values[0].images.shape[0] / 2;
    const D = Array.from(logits, (a) => 1 / (1 + Math.exp(-a)));
    const captions = Array.from({ length: 2 * shownRows }, (_, n) =>
      n < shownRows ? verdicts(D, 0, "D(x)")(n) : verdicts(D, half - shownRows, "D(x̃)")(n),
    );
    const images = drawn.values[0].images,
      size = images.shape[1];
    const part = (from, to) => ({
      array: images.array.subarray(from * size, to * size),
      shape: [to - from, size],
    });
    view.append(
      make(
        "h3",
        {},
        `${atOnce() ? "E" : "D step: e"}xamples, and what G made of noise, with D's verdicts`,
      ),
    );
    view.append(
      pictures(part(0, shownRows), captions, grey),
      pictures(part(shownRows, 2 * shownRows), captions.slice(shownRows), grey),
    );
  } else
    view.append(
      make(
        "p",
        { class: "hint" },
        "The pictures appear when D has seen them: go on to its forward pass.",
      ),
    );
  if (taught) {
    const rows = taught.values[0].images;
    const captions = Array.from(
      { length: rows.shape[0] },
      (_, n) => `D = ${show(taught.verdicts.array[n], 4)}`,
    );
    view.append(
      make(
        "h3",
        {},
        atOnce()
          ? "What G learns from: the same samples and verdicts"
          : "G step: new samples, the verdict of the D that has just moved",
      ),
      pictures(rows, captions, grey),
      lossChoice(),
    );
    view.append(
      make(
        "h3",
        {},
        "−∂L/∂G(z): where G is told to put ink (blue) and to take it away (orange), one scale for all",
      ),
      pictures(
        taught.push[shown.loss].images,
        captions.map((_, n) => `of G(z) ${n}`),
        { scale: 3 },
      ),
      saturation(taught),
    );
  } else view.append(waitForPush());
  const scores = lastScores();
  if (scores.V !== undefined)
    view.append(
      scoreTable([
        ["V on this minibatch", show(scores.V, 5)],
        ["−log 4", show(-Math.log(4), 5)],
      ]),
    );
  return view;
}
