// The game itself: on a toy the densities, D, the best D there is, and what G is taught; on images the digits and D's verdicts.

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
  const passes = ["d D forward", "g D backward"].map((line) => data.passes.indexOf(latest(line[0], line.slice(2))));
  const now = [data.steps[current].frame, ...passes, lastScores().V, shown.layer, shown.loss].join();
  if (now === drawnGame) return;
  drawnGame = now;
  const view = data.toy
    ? toyView()
    : data.image
      ? imageView()
      : make("p", { class: "hint" }, "Nothing to draw: the data are neither 1-D or 2-D points nor images.");
  place.replaceChildren(view);
}

// The last pass of `net` up to the current line in this iteration, with adjoints or not; null if there is none yet.
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
        },
      },
      text,
    ),
  );
  return make("div", { class: "controls", role: "group", "aria-label": label }, make("span", {}, label), ...buttons);
}

const lossChoice = () =>
  choices("G's loss", { saturating: "saturating", non_saturating: "non-saturating" }, shown.loss, (key) => (shown.loss = key));

function scoreTable(rows) {
  return make(
    "table",
    { class: "scores" },
    ...rows.map(([name, value, note]) =>
      make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, value), make("td", { class: "aside" }, note || "")),
    ),
  );
}

function lastScores() {
  for (let i = current; i >= 0; i--)
    if (data.steps[i].scores && data.steps[i].scores.V !== undefined) return data.steps[i].scores;
  return {};
}

// Mean length of −∂L/∂G(z) for both losses: what saturation does to what G is taught.
function pushTable(push) {
  return scoreTable(
    Object.entries({ saturating: "log(1 − D(G(z)))", non_saturating: "−log D(G(z))" }).map(([loss, text]) => [
      `length of −∂L/∂G(z), L = mean ${text}`,
      show(push[loss].stats[3], 4),
      loss === data.loss ? "the one that trains here" : "",
    ]),
  );
}

function waitForPush() {
  const goThere = () => go(nearest("g D backward"));
  return make(
    "p",
    { class: "hint" },
    "What G is taught is known once the G step has gone back through D. ",
    make("button", { onclick: goThere }, "Go there"),
  );
}

function imageView() {
  const view = make("div", {});
  const drawn = latest("d", "D forward");
  const taught = latest("g", "D backward");
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
    const part = (from, to) => ({ array: images.array.subarray(from * size, to * size), shape: [to - from, size] });
    view.append(make("h3", {}, "D step: examples, and what G made of noise, with D's verdicts"));
    view.append(
      pictures(part(0, shownRows), captions, 3),
      pictures(part(shownRows, 2 * shownRows), captions.slice(shownRows), 3),
    );
  } else view.append(make("p", { class: "hint" }, "The digits appear when D has seen them: go on to its forward pass."));
  if (taught) {
    const rows = taught.values[0].images;
    const captions = Array.from({ length: rows.shape[0] }, (_, n) => `D = ${show(taught.verdicts.array[n], 4)}`);
    view.append(
      make("h3", {}, "G step: new digits, the verdict of the D that has just moved"),
      pictures(rows, captions, 3),
      lossChoice(),
    );
    view.append(
      make("h3", {}, "−∂L/∂G(z): where G is told to put ink (blue) and to take it away (orange), one scale for each picture"),
      pictures(taught.push[shown.loss].images, [], 3),
      pushTable(taught.push),
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
