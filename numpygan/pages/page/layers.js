// The network of the current line, layer by layer: equations, tensors, statistics, proofs, and
// where a number comes from.

const chosen = { net: null, layer: {}, line: null };

function drawNetwork() {
  const step = data.steps[current];
  const tabs = document.getElementById("tabs");
  const place = document.getElementById("network");
  tabs.replaceChildren();
  place.replaceChildren();
  if (!step.stack.length) {
    place.append(
      make(
        "p",
        { class: "hint" },
        "No pass yet in this step: only a minibatch has been drawn. Press → for the next line.",
      ),
    );
    return;
  }
  if (chosen.line !== current) chosen.net = step.stack[0].net;
  chosen.line = current;
  const part = step.stack.find((other) => other.net === chosen.net) || step.stack[0];
  for (const other of step.stack) {
    const kept = data.passes[other.pass];
    const rows =
      kept.halves === 2
        ? `${kept.rows / 2} examples + ${kept.rows / 2} generated`
        : `${kept.rows} rows`;
    const pressed = other === part;
    const pick = () => {
      chosen.net = other.net;
      drawNetwork();
      tabs.querySelector("[aria-pressed=true]").focus(); // the button that was pressed is gone
    };
    tabs.append(
      make(
        "button",
        { "aria-pressed": String(pressed), onclick: pick },
        `${other.net}'s pass: ${rows}, ${other.adjoints ? "there and back" : "forward only"}`,
      ),
    );
  }
  const layers = data.nets[part.net].layers;
  if (chosen.layer[part.net] === undefined)
    chosen.layer[part.net] = layers.findIndex((layer) => layer.kind === "Affine");
  const origin = make("div", { class: "origin", id: "origin", "aria-live": "polite", hidden: "" });
  place.append(
    make("div", { class: "side-column", tabindex: -1 }, drawStack(part), origin),
    make("div", { id: "layer" }),
  );
  drawLayer(part);
}

// The layers from the input down to the output, values flowing down on the left, adjoints up on the
// right.
function drawStack(part) {
  const net = data.nets[part.net];
  const kept = data.passes[part.pass];
  const body = make("tbody");
  const line = (name, i, layer) => {
    const adjoint = part.adjoints && kept.adjoints[i];
    const row = make(
      "tr",
      {},
      make("td", {}, name),
      make("td", {}, show(kept.values[i].stats[3], 4)),
      make("td", {}, adjoint ? show(adjoint.stats[3], 4) : "–"),
    );
    if (layer !== null && layer === chosen.layer[part.net]) row.className = "chosen";
    body.append(row);
  };
  line(`input, ${net.widths[0]} wide`, 0, null);
  net.layers.forEach((layer, i) => {
    const pick = () => {
      chosen.layer[part.net] = i;
      for (const [n, row] of [...body.children].entries())
        row.className = n === i + 1 ? "chosen" : "";
      drawLayer(part);
    };
    line(make("button", { onclick: pick, "data-layer": i }, `${i}  ${layer.name}`), i + 1, i);
  });
  const head = ["layer", "↓ ‖y‖", "↑ ‖∂L/∂y‖"].map((text) => make("th", { scope: "col" }, text));
  const table = make("table", { class: "stack" }, make("thead", {}, make("tr", {}, ...head)), body);
  return make(
    "div",
    { class: "scroll" },
    table,
    make(
      "p",
      { class: "hint" },
      "Values flow down, adjoints flow up. Choose a layer. A dot marks a number that the complex step has proved.",
    ),
  );
}

function drawLayer(part) {
  const place = document.getElementById("layer");
  const net = data.nets[part.net];
  const kept = data.passes[part.pass];
  const i = Math.min(chosen.layer[part.net], net.layers.length - 1);
  const layer = net.layers[i];
  const own = kept.own[i];
  const columns = { x: [...net.units[i].array], y: [...net.units[i + 1].array] };
  const theta = data.thetas[part.net][kept.theta][i];
  const adjoints = part.adjoints ? kept.adjoints : [];
  const grads = part.adjoints && kept.grads ? kept.grads[i] : {};
  const parts = {
    kind: layer.kind,
    columns,
    maps: {},
    x: kept.values[i],
    y: kept.values[i + 1],
    gx: adjoints[i],
    gy: adjoints[i + 1],
    own,
    theta,
    grads,
    rows: kept.rows,
    halves: kept.halves,
    widths: { x: net.widths[i], y: net.widths[i + 1] },
    // what holds images
    image: part.net === "G" ? (i === net.layers.length - 1 ? "y" : null) : i === 0 ? "x" : null,
  };
  const tensors = make("div", { class: "tensors" });
  const add = (key, name, what, kept, sides) => {
    if (kept) tensors.append(drawTensor(key, name, what, kept, sides, parts));
  };
  const group = (text) => tensors.append(make("p", { class: "group" }, text));
  group("forward");
  add("x", "x", "input", parts.x, [null, "x"]);
  for (const [name, array] of Object.entries(own)) {
    if (array.block) add(name, name, noteOnMask(name, own, kept), array, [null, "y"]);
  }
  for (const [name, array] of Object.entries(theta))
    add(name, name, "parameter", array, name === "W" ? ["x", "y"] : ["y"]);
  add("y", "y", "output", parts.y, [null, "y"]);
  if (part.adjoints) {
    group("backward");
    add("gy", "g_y", "adjoint of the output", parts.gy, [null, "y"]);
    for (const [name, array] of Object.entries(grads))
      add(`g${name}`, `g_${name}`, "gradient", array, name === "W" ? ["x", "y"] : ["y"]);
    add("gx", "g_x", "adjoint of the input", parts.gx, [null, "x"]);
    const notes = [];
    if (!parts.gx)
      notes.push("The adjoint of this layer's input is not computed: nobody below needs it.");
    if (Object.keys(theta).length && !Object.keys(grads).length)
      notes.push(
        "This pass only goes through D to reach G: the gradients of D's parameters are not computed.",
      );
    for (const note of notes) tensors.append(make("p", { class: "hint" }, note));
  }
  const equations = make("div", { class: "equations" }, ...layer.equations.map(mathematics));
  place.replaceChildren(
    make("h3", {}, `${part.net}, layer ${i}: ${layer.name}`),
    equations,
    tensors,
  );
  document.getElementById("origin").hidden = true;
  const last = part.net === "D" && i === net.layers.length - 1;
  if (last) equations.append(mathematics("<span>then D = σ(y)</span>"));
}

function noteOnMask(name, own, kept) {
  if (own.share)
    return `winning piece; won ${own.share.map((share) => `${(100 * share).toFixed(1)} %`).join(", ")}`;
  if (own.dead !== undefined)
    return `${(100 * own.dead).toFixed(1)} % of the units dead in these ${kept.rows} rows`;
  return `${(100 * own[name].stats[4]).toFixed(1)} % dropped`;
}

function drawTensor(key, name, what, kept, sides, parts) {
  const names = sides.map((side) => side && parts.columns[side]);
  const options = {
    label: `${what}, ${key}`,
    proof: kept.proof,
    columns: names.at(-1),
    rows: sides.length === 2 ? names[0] : undefined,
    onpick: (i, j) => explainEntry(key, i, j, parts, kept),
  };
  const whole = sides
    .slice(-kept.block.shape.length)
    .map((side, axis) => (side ? parts.widths[side] : kept.block.shape[axis]));
  const cut = whole.some((n, axis) => n > kept.block.shape[axis]);
  const shape =
    kept.block.shape.join(" × ") +
    (cut ? ` of ${whole.map((n) => n.toLocaleString("en")).join(" × ")}` : "");
  const [min, mean, max, norm, zeros] = kept.stats;
  const map = (parts.maps[key] = heatmap(kept.block, options));
  const box = make(
    "div",
    { class: "tensor", "data-tensor": key },
    make("h3", {}, symbol(name), make("small", {}, `${what}, ${shape}`)),
    map,
  );
  const stats = {
    min: show(min, 4),
    mean: show(mean, 4),
    max: show(max, 4),
    norm: show(norm, 4),
    zeros: `${(100 * zeros).toFixed(1)} %`,
  };
  box.append(
    make(
      "p",
      { class: "stats" },
      ...Object.entries(stats).flatMap(([name, value]) => [
        make("span", {}, `${name} ${value}`),
        " ",
      ]),
    ),
  );
  if (kept.proof) box.append(drawProof(kept.proof));
  if (kept.images)
    box.append(
      pictures(kept.images, captionsOf(key, kept, parts), {
        grey: key === parts.image ? data.limits : null,
      }),
    );
  return box;
}

function captionsOf(key, kept, parts) {
  const n = kept.images.shape[0];
  if (key === "W" || key === "gW")
    return Array.from(
      { length: n },
      (_, i) =>
        `unit ${(kept.images.shape[1] === parts.widths.x ? parts.columns.y : parts.columns.x)[i]}`,
    );
  const half = n / parts.halves;
  return Array.from({ length: n }, (_, i) =>
    parts.halves === 2 && i < half ? `x ${i}` : `G(z) ${i % half}`,
  );
}

function drawProof(proof) {
  const ok = proof.verdict === "ok";
  const text = `${ok ? "✓" : "✗"} complex step: ${proof.at.length}, error ${show(proof.error, 2)}${ok ? "" : `, ${proof.verdict}`}`;
  return make(
    "p",
    {
      class: `proof${ok ? "" : " bad"}`,
      title:
        "how many numbers were compared, and the largest difference, relative to the largest number (of a sum: to its terms)",
    },
    text,
  );
}
