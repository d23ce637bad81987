// The algorithm's lines, the buttons and keys that step through them, and what the current line
// read, computed and changed.

const ROLES = {
  read: "reads",
  computed: "computes",
  changed: "changes",
  frozen: "frozen",
  same: "unchanged",
};
let current = 0;
let timer = null;

function listLines() {
  for (const line of data.lines) {
    const item = make("li", { style: `--depth:${line.depth}` });
    const inside = line.key
      ? make("button", { "data-key": line.key, onclick: () => go(nearest(line.key)) })
      : make("span", { class: "fixed" });
    inside.innerHTML = line.html;
    // a name is not taken from MathML
    if (line.key) inside.setAttribute("aria-label", inside.textContent);
    item.append(inside);
    document.getElementById("code").append(item);
  }
}

// The step that runs this line: in the current iteration and round if there is one, else the next.
function nearest(key) {
  const { iteration, round } = data.steps[current];
  const same = data.steps.findIndex(
    (step) =>
      step.line === key && step.iteration === iteration && (step.round === round || key[0] === "g"),
  );
  return same >= 0 ? same : data.steps.findIndex((step) => step.line === key);
}

function go(to) {
  const start = performance.now();
  current = Math.max(0, Math.min(data.steps.length - 1, to));
  drawStep();
  drawNetwork();
  drawGame();
  drawNorms();
  document.body.dataset.step = current;
  document.body.dataset.milliseconds = (performance.now() - start).toFixed(1);
}

function drawStep() {
  const step = data.steps[current];
  const side = atOnce() ? "D and G at once" : step.line[0] === "d" ? "D step" : "G step";
  const rounds = data.rounds > 1 && step.line[0] === "d" ? ` ${step.round} of ${data.rounds}` : "";
  document.getElementById("slider").value = current;
  document.getElementById("where").textContent =
    `line ${current + 1} of ${data.steps.length} · iteration ${step.iteration.toLocaleString("en")} · ${side}${rounds}`;
  for (const button of document.querySelectorAll("#code button")) {
    if (button.dataset.key === step.line) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
  }
  const climbs = [symbol("θ_d"), " is to climb ", symbol("V")];
  const descends = [symbol("θ_g"), " is to get down ", symbol("L")];
  const aim = atOnce()
    ? [...climbs, ", ", ...descends, ", both by gradients taken before either moves"]
    : side === "D step"
      ? [...climbs, ", ", symbol("θ_g"), " is frozen"]
      : [...descends, ", ", symbol("θ_d"), " is frozen"];
  document
    .getElementById("side")
    .replaceChildren(
      `Iteration ${step.iteration.toLocaleString("en")}, ${side}${rounds}: `,
      ...aim,
    );
  const title = document.getElementById("line-title");
  title.innerHTML = data.lines.find((line) => line.key === step.line).html;
  const movers = document.getElementById("movers");
  movers.replaceChildren();
  for (const net of ["D", "G"]) {
    const moves = step.moves === net;
    movers.append(
      make(
        "span",
        { class: `chip${moves ? " moves" : ""}` },
        symbol(net === "D" ? "θ_d" : "θ_g"),
        ` ${fate(net, step)}`,
      ),
    );
  }
  const items = document.getElementById("items");
  items.replaceChildren();
  for (const [role, word] of Object.entries(ROLES)) {
    const chosen = step.items.filter((item) => item.role === role);
    if (chosen.length)
      items.append(
        make(
          "div",
          { class: "role" },
          make("h3", {}, word),
          make("div", {}, ...chosen.map(drawItem)),
        ),
      );
  }
}

// authors2014 takes both gradients at the same (θ_d, θ_g) and then moves both; in Algorithm 1 one
// waits for the other.
const atOnce = () => data.algorithm === "authors2014";

// What becomes of the parameters of `net` on the line of `step`.
function fate(net, step) {
  if (step.moves === net) return "moves now";
  if (!atOnce())
    return (step.line[0] === "d") === (net === "D") ? "learns in this step" : "frozen in this step";
  if (!step.moves) return "moves once both gradients are taken";
  return net === "G" ? "moves next" : "has just moved";
}

function drawItem(item) {
  const line = make(
    "div",
    {},
    symbol(item.symbol),
    " ",
    make("span", { class: "note" }, item.note),
  );
  const box = make("div", { class: "item", "data-item": `${item.role} ${item.symbol}` }, line);
  if (item.numbers.length) {
    const numbers = item.numbers.flatMap(([name, value]) => [
      make("span", {}, `${name} `, make("b", {}, show(value))),
      " ",
    ]);
    box.append(make("div", { class: "numbers" }, ...numbers));
  }
  if (item.block) {
    line.append(make("span", { class: "note" }, ` ${item.shape.join(" × ")}`));
    box.append(heatmap(item.block, { label: `${item.role} ${item.symbol}`, cell: 8 }));
  }
  return box;
}

function play() {
  const button = document.getElementById("play");
  if (timer === null && current === data.steps.length - 1) go(0);
  clearInterval(timer);
  timer =
    timer === null
      ? setInterval(() => (current === data.steps.length - 1 ? play() : go(current + 1)), 1200)
      : null;
  button
    .querySelector("path")
    .setAttribute("d", timer === null ? "M4 3l9 5-9 5z" : "M5 3v10M11 3v10");
  button.setAttribute("aria-label", timer === null ? "Play" : "Pause");
}

function listen() {
  const jump = {
    first: () => 0,
    back: () => current - 1,
    next: () => current + 1,
    last: () => data.steps.length - 1,
  };
  for (const [id, where] of Object.entries(jump))
    document.getElementById(id).addEventListener("click", () => go(where()));
  document.getElementById("play").addEventListener("click", play);
  const slider = document.getElementById("slider");
  slider.max = data.steps.length - 1;
  slider.addEventListener("input", () => go(Number(slider.value)));
  const keys = { ArrowRight: jump.next, ArrowLeft: jump.back, Home: jump.first, End: jump.last };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target === slider) return;
    if (keys[event.key]) go(keys[event.key]());
    else if (event.key === " " && !event.target.closest("button, summary")) play();
    else return;
    event.preventDefault();
  });
}
