// The network of the current line, layer by layer: equations, tensors, statistics, proofs, and where a number comes from.

const chosen = { net: null, layer: {}, line: null };

function drawNetwork() {
  const step = data.steps[current];
  const tabs = document.getElementById("tabs");
  const place = document.getElementById("network");
  tabs.replaceChildren();
  place.replaceChildren();
  if (!step.stack.length) {
    place.append(make("p", { class: "hint" }, "No pass yet in this step: only a minibatch has been drawn. Press → for the next line."));
    return;
  }
  if (chosen.line !== current) chosen.net = step.stack[0].net;
  chosen.line = current;
  const part = step.stack.find((other) => other.net === chosen.net) || step.stack[0];
  for (const other of step.stack) {
    const kept = data.passes[other.pass];
    const rows = kept.halves === 2 ? `${kept.rows / 2} examples + ${kept.rows / 2} generated` : `${kept.rows} rows`;
    const pressed = other === part;
    const pick = () => {
      chosen.net = other.net;
      drawNetwork();
    };
    tabs.append(make("button", { "aria-pressed": String(pressed), onclick: pick }, `${other.net}'s pass: ${rows}, ${other.adjoints ? "there and back" : "forward only"}`));
  }
  const layers = data.nets[part.net].layers;
  if (chosen.layer[part.net] === undefined) chosen.layer[part.net] = layers.findIndex((layer) => layer.kind === "Affine");
  const origin = make("div", { class: "origin", id: "origin", "aria-live": "polite", hidden: "" });
  place.append(make("div", { class: "side-column", tabindex: -1 }, drawStack(part), origin), make("div", { id: "layer" }));
  drawLayer(part);
}

// The layers from the input down to the output, values flowing down on the left, adjoints up on the right.
function drawStack(part) {
  const net = data.nets[part.net];
  const kept = data.passes[part.pass];
  const body = make("tbody");
  const line = (name, i, layer) => {
    const adjoint = part.adjoints && kept.adjoints[i];
    const row = make("tr", {}, make("td", {}, name), make("td", {}, show(kept.values[i].stats[3], 4)),
      make("td", {}, adjoint ? show(adjoint.stats[3], 4) : "–"));
    if (layer !== null && layer === chosen.layer[part.net]) row.className = "chosen";
    body.append(row);
  };
  line(`input, ${net.widths[0]} wide`, 0, null);
  net.layers.forEach((layer, i) => {
    const pick = () => {
      chosen.layer[part.net] = i;
      for (const [n, row] of [...body.children].entries()) row.className = n === i + 1 ? "chosen" : "";
      drawLayer(part);
    };
    line(make("button", { onclick: pick, "data-layer": i }, `${i}  ${layer.name}`), i + 1, i);
  });
  const head = ["layer", "↓ ‖y‖", "↑ ‖∂L/∂y‖"].map((text) => make("th", { scope: "col" }, text));
  const table = make("table", { class: "stack" }, make("thead", {}, make("tr", {}, ...head)), body);
  return make("div", { class: "scroll" }, table, make("p", { class: "hint" }, "Values flow down, adjoints flow up. Choose a layer."));
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
  const parts = { kind: layer.kind, columns, maps: {}, x: kept.values[i], y: kept.values[i + 1], gx: adjoints[i], gy: adjoints[i + 1], own, theta, grads, rows: kept.rows,
    complete: { x: columns.x.length === net.widths[i], y: columns.y.length === net.widths[i + 1] } };
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
  for (const [name, array] of Object.entries(theta)) add(name, name, "parameter", array, name === "W" ? ["x", "y"] : ["y"]);
  add("y", "y", "output", parts.y, [null, "y"]);
  if (part.adjoints) {
    group("backward");
    add("gy", "g_y", "adjoint of the output", parts.gy, [null, "y"]);
    for (const [name, array] of Object.entries(grads)) add(`g${name}`, `g_${name}`, "gradient", array, name === "W" ? ["x", "y"] : ["y"]);
    add("gx", "g_x", "adjoint of the input", parts.gx, [null, "x"]);
    const notes = [];
    if (!parts.gx) notes.push("The adjoint of this layer's input is not computed: nobody below needs it.");
    if (Object.keys(theta).length && !Object.keys(grads).length) notes.push("D is frozen in this step: the gradients of its parameters are not computed.");
    for (const note of notes) tensors.append(make("p", { class: "hint" }, note));
  }
  const equations = make("div", { class: "equations" }, ...layer.equations.map(mathematics));
  place.replaceChildren(make("h3", {}, `${part.net}, layer ${i}: ${layer.name}`), equations, tensors);
  document.getElementById("origin").hidden = true;
  const last = part.net === "D" && i === net.layers.length - 1;
  if (last) equations.append(mathematics("<span>then D = σ(y)</span>"));
}

function noteOnMask(name, own, kept) {
  if (own.share) return `winning piece; won ${own.share.map((share) => `${(100 * share).toFixed(1)} %`).join(", ")}`;
  if (own.dead !== undefined) return `${(100 * own.dead).toFixed(1)} % of the units dead in these ${kept.rows} rows`;
  return `${(100 * own[name].stats[4]).toFixed(1)} % dropped`;
}

function drawTensor(key, name, what, kept, sides, parts) {
  const names = sides.map((side) => side && parts.columns[side]);
  const options = {
    label: `${what}, ${key}`, proof: kept.proof, columns: names.at(-1), rows: sides.length === 2 ? names[0] : undefined,
    onpick: (i, j) => explainEntry(key, i, j, parts, kept),
  };
  const shape = kept.block.shape.join(" × ");
  const [min, mean, max, norm, zeros] = kept.stats;
  const map = (parts.maps[key] = heatmap(kept.block, options));
  const box = make("div", { class: "tensor", "data-tensor": key }, make("h3", {}, symbol(name), make("small", {}, `${what}, ${shape}`)), map);
  const stats = { min: show(min, 4), mean: show(mean, 4), max: show(max, 4), norm: show(norm, 4), zeros: `${(100 * zeros).toFixed(1)} %` };
  box.append(make("p", { class: "stats" }, ...Object.entries(stats).flatMap(([name, value]) => [make("span", {}, `${name} ${value}`), " "])));
  if (kept.proof) box.append(drawProof(kept.proof));
  if (kept.images) box.append(pictures(kept.images, captionsOf(key, kept, parts)));
  return box;
}

function captionsOf(key, kept, parts) {
  const n = kept.images.shape[0];
  if (key === "W" || key === "gW") return Array.from({ length: n }, (_, i) => `unit ${(parts.columns.y.length > parts.columns.x.length ? parts.columns.y : parts.columns.x)[i]}`);
  const half = n === 16 ? 8 : n;
  return Array.from({ length: n }, (_, i) => (n === 16 && i < half ? `x ${i}` : `G(z) ${i % half}`));
}

function drawProof(proof) {
  const ok = proof.verdict === "ok";
  const text = `${ok ? "✓" : "✗"} complex step: ${proof.at.length}, error ${show(proof.error, 2)}${ok ? "" : `, ${proof.verdict}`}`;
  return make("p", { class: `proof${ok ? "" : " bad"}`, title: "how many numbers were compared, and the largest difference to the complex step, relative to the largest number (of a sum: to its terms)" }, text);
}

// Where the entry (i, j) of a tensor comes from.
function explainEntry(key, i, j, parts, kept) {
  const { columns, x, y, gx, gy, own, theta, rows, complete } = parts;
  const at = (tensor, r, c) => matrix(tensor.block).at(r, c);
  const value = matrix(kept.block).at(i, j);
  const lines = [];
  const places = key === "b" || key === "gb" ? `${columns.y[j]}` : key === "W" || key === "gW" ? `${columns.x[i]}, ${columns.y[j]}` : `${i}, ${(key === "x" || key === "gx" ? columns.x : columns.y)[j]}`;
  let table = null;
  if (key === "gW") table = sumTable(["row", "x", "g_y", "x · g_y"], rows, (r) => [at(x, r, i), at(gy, r, j)]);
  else if (key === "gb") table = sumTable(["row", "g_y"], rows, (r) => [at(gy, r, j)]);
  else if (key === "gx" && parts.kind === "Affine") {
    if (complete.y) table = sumTable(["unit", "g_y", "W", "g_y · W"], columns.y.length, (c) => [at(gy, i, c), at(theta.W, j, c)]);
    else lines.push("a sum over all units of the layer, more than are shown here");
  } else if (key === "y" && parts.kind === "Affine") {
    if (complete.x) table = sumTable(["unit", "x", "W", "x · W"], columns.x.length, (c) => [at(x, i, c), at(theta.W, c, j)], at(theta.b, 0, j));
    else lines.push("a sum over all inputs of the layer, more than are shown here");
  } else if (key === "gx" && parts.kind === "Maxout") {
    const units = columns.y.length, unit = j % units, piece = Math.floor(j / units);
    const winner = at(own.won, i, unit);
    lines.push(winner === piece ? `piece ${piece} won, so it takes the whole of g_y = ${show(at(gy, i, unit))}` : `piece ${piece} lost to piece ${winner}, so its adjoint is 0`);
  } else if (key === "y" && parts.kind === "Maxout") {
    const units = columns.y.length, pieces = columns.x.length / units;
    lines.push(`the largest of ${Array.from({ length: pieces }, (_, p) => show(at(x, i, p * units + j))).join(", ")}: piece ${at(own.won, i, j)}`);
  } else if (key === "gx") {
    const factor = own.mask || own.slopes;
    if (factor) lines.push(`g_y · mask = ${show(at(gy, i, j))} · ${show(at(factor, i, j))} = ${show(at(gy, i, j) * at(factor, i, j))}`);
    else {
      const out = at(y, i, j);
      const slope = parts.kind === "Tanh" ? 1 - out * out : out * (1 - out);
      lines.push(`g_y · slope = ${show(at(gy, i, j))} · ${show(slope)} = ${show(at(gy, i, j) * slope)}`);
    }
  } else if (key === "y") lines.push(`from x = ${show(at(x, i, j))}` + (own.mask ? `, mask ${show(at(own.mask, i, j))}` : ""));
  else if (key === "gy") lines.push("the adjoint that came from the layer above");
  else if (key === "x") lines.push("what the layer below, or the minibatch, gave");
  else lines.push("a parameter, as it was when this pass was made");
  for (const frame of document.querySelectorAll(".mark")) frame.remove();
  for (const [name, ...place] of sourcesOf(key, i, j, parts)) if (parts.maps[name]) parts.maps[name].mark(...place);
  const origin = document.getElementById("origin");
  origin.hidden = false;
  origin.replaceChildren(make("p", {}, symbol(key.length === 2 && key[0] === "g" ? `g_${key[1]}` : key), make("b", {}, ` [${places}] = `), make("b", { id: "entry" }, show(value, 7)), " in the tape"));
  for (const line of lines) origin.append(make("p", {}, line));
  if (table) {
    origin.append(table.element);
    const same = show(table.sum, 7) === show(value, 7);
    origin.append(make("p", {}, `The sum of these ${table.terms} terms is `, make("b", { id: "sum" }, show(table.sum, 7)), same ? ", the number in the tape." : `; the tape has ${show(value, 7)}: another order of adding.`));
  }
  origin.scrollIntoView({ block: "nearest" });
  const proven = kept.proof ? kept.proof.at.findIndex((place) => (place.length === 2 ? place[0] === i && place[1] === j : place[0] === j)) : -1;
  if (proven >= 0) {
    const step = kept.proof.step.array[proven];
    origin.append(make("p", { class: "proof" }, `complex step, Im f(p + ih)/h: ${show(step, 7)}; relative error ${show(Math.abs(step - value) / kept.proof.size, 2)}`));
  } else if (kept.proof) origin.append(make("p", { class: "hint" }, `This entry was not among the ${kept.proof.at.length} that were compared with the complex step.`));
}

// What the entry is made of: [tensor, row or null for all, column or null for all], …
function sourcesOf(key, i, j, parts) {
  const self = [key, i, j];
  if (key === "gW") return [self, ["x", null, i], ["gy", null, j]];
  if (key === "gb") return [self, ["gy", null, j]];
  if (parts.kind === "Affine" && key === "gx") return [self, ["gy", i, null], ["W", j, null]];
  if (parts.kind === "Affine" && key === "y") return [self, ["x", i, null], ["W", null, j], ["b", null, j]];
  const unit = parts.kind === "Maxout" ? j % parts.columns.y.length : j;
  if (key === "gx") return [self, ["gy", i, unit], ["mask", i, unit], ["slopes", i, unit], ["won", i, unit]];
  if (key === "y" && parts.kind !== "Maxout") return [self, ["x", i, j], ["mask", i, j]];
  return [self];
}

// The terms of Σ as a table with their sum. terms(r) are the factors of term r; `plus` is added at the end (a bias).
function sumTable(head, n, terms, plus = null) {
  const body = make("tbody");
  let sum = 0;
  for (let r = 0; r < n; r++) {
    const factors = terms(r);
    const product = factors.reduce((a, b) => a * b, 1);
    sum += product;
    const cells = factors.length > 1 ? [...factors, product] : [product];
    body.append(make("tr", {}, make("td", {}, String(r)), ...cells.map((value) => make("td", {}, show(value, 7)))));
  }
  if (plus !== null) {
    body.append(make("tr", {}, make("td", {}, "b"), make("td"), make("td"), make("td", {}, show(plus, 7))));
    sum += plus;
  }
  const blanks = Array.from({ length: head.length - 2 }, () => make("td"));
  const foot = make("tfoot", {}, make("tr", {}, make("td", {}, "Σ"), ...blanks, make("td", {}, show(sum, 7))));
  const titles = head.map((text) => make("th", { scope: "col" }, text));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...titles)), body, foot);
  return { element: make("div", { class: "scroll" }, table), sum, terms: n + (plus === null ? 0 : 1) };
}
