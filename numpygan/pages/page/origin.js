// Where a chosen number comes from: the terms of its sum, the tensors they stand in, and its proof.

// Where the entry (i, j) of a tensor comes from.
function explainEntry(key, i, j, parts, kept) {
  const { columns, x, y, gx, gy, own, theta, rows, widths } = parts;
  const at = (tensor, r, c) => matrix(tensor.block).at(r, c);
  const value = matrix(kept.block).at(i, j);
  const lines = [];
  const places =
    key === "b" || key === "gb"
      ? `${columns.y[j]}`
      : key === "W" || key === "gW"
        ? `${columns.x[i]}, ${columns.y[j]}`
        : `${i}, ${(key === "x" || key === "gx" ? columns.x : columns.y)[j]}`;
  let table = null;
  if (key === "gW")
    table = sumTable(["row", "x", "g_y", "x · g_y"], rows, (r) => [at(x, r, i), at(gy, r, j)]);
  else if (key === "gb") table = sumTable(["row", "g_y"], rows, (r) => [at(gy, r, j)]);
  else if (key === "gx" && parts.kind === "Affine") {
    if (columns.y.length === widths.y)
      table = sumTable(["unit", "g_y", "W", "g_y · W"], columns.y.length, (c) => [
        at(gy, i, c),
        at(theta.W, j, c),
      ]);
    else lines.push("a sum over all units of the layer, more than are shown here");
  } else if (key === "y" && parts.kind === "Affine") {
    if (columns.x.length === widths.x)
      table = sumTable(
        ["unit", "x", "W", "x · W"],
        columns.x.length,
        (c) => [at(x, i, c), at(theta.W, c, j)],
        at(theta.b, 0, j),
      );
    else lines.push("a sum over all inputs of the layer, more than are shown here");
  } else if (key === "gx" && parts.kind === "Maxout") {
    const units = columns.y.length,
      unit = j % units,
      piece = Math.floor(j / units);
    const winner = at(own.won, i, unit);
    lines.push(
      winner === piece
        ? `piece ${piece} won, so it takes the whole of g_y = ${show(at(gy, i, unit))}`
        : `piece ${piece} lost to piece ${winner}, so its adjoint is 0`,
    );
  } else if (key === "y" && parts.kind === "Maxout") {
    const units = columns.y.length,
      pieces = columns.x.length / units;
    const all = Array.from({ length: pieces }, (_, p) => show(at(x, i, p * units + j)));
    lines.push(`the largest of ${all.join(", ")}: piece ${at(own.won, i, j)}`);
  } else if (key === "gx") {
    const factor = own.mask || own.slopes;
    if (factor)
      lines.push(
        `g_y · mask = ${show(at(gy, i, j))} · ${show(at(factor, i, j))} = ${show(at(gy, i, j) * at(factor, i, j))}`,
      );
    else {
      const out = at(y, i, j);
      const slope = parts.kind === "Tanh" ? 1 - out * out : out * (1 - out);
      lines.push(
        `g_y · slope = ${show(at(gy, i, j))} · ${show(slope)} = ${show(at(gy, i, j) * slope)}`,
      );
    }
  } else if (key === "y")
    lines.push(
      `from x = ${show(at(x, i, j))}` + (own.mask ? `, mask ${show(at(own.mask, i, j))}` : ""),
    );
  else if (key === "gy") lines.push("the adjoint that came from the layer above");
  else if (key === "x") lines.push("what the layer below, or the minibatch, gave");
  else lines.push("a parameter, as it was when this pass was made");
  for (const frame of document.querySelectorAll(".mark")) frame.remove();
  for (const [name, ...place] of sourcesOf(key, i, j, parts))
    if (parts.maps[name]) parts.maps[name].mark(...place);
  const origin = document.getElementById("origin");
  origin.hidden = false;
  origin.replaceChildren(
    make(
      "p",
      {},
      symbol(key.length === 2 && key[0] === "g" ? `g_${key[1]}` : key),
      make("b", {}, ` [${places}] = `),
      make("b", { id: "entry" }, show(value, 7)),
      " in the tape",
    ),
  );
  for (const line of lines) origin.append(make("p", {}, line));
  if (table) {
    origin.append(table.element);
    const same = show(table.sum, 7) === show(value, 7);
    origin.append(
      make(
        "p",
        {},
        `The sum of these ${table.terms} terms is `,
        make("b", { id: "sum" }, show(table.sum, 7)),
        same
          ? ", the number in the tape."
          : `; the tape has ${show(value, 7)}: another order of adding.`,
      ),
    );
  }
  origin.scrollIntoView({ block: "nearest" });
  const proven = kept.proof
    ? kept.proof.at.findIndex((place) =>
        place.length === 2 ? place[0] === i && place[1] === j : place[0] === j,
      )
    : -1;
  if (proven >= 0) {
    const step = kept.proof.step.array[proven];
    origin.append(
      make(
        "p",
        { class: "proof" },
        `complex step, Im f(p + ih)/h: ${show(step, 7)}; relative error ${show(Math.abs(step - value) / kept.proof.size, 2)}`,
      ),
    );
  } else if (kept.proof)
    origin.append(
      make(
        "p",
        { class: "hint" },
        `This entry was not among the ${kept.proof.at.length} that were compared with the complex step.`,
      ),
    );
}

// What the entry is made of: [tensor, row or null for all, column or null for all], …
function sourcesOf(key, i, j, parts) {
  const self = [key, i, j];
  if (key === "gW") return [self, ["x", null, i], ["gy", null, j]];
  if (key === "gb") return [self, ["gy", null, j]];
  if (parts.kind === "Affine" && key === "gx") return [self, ["gy", i, null], ["W", j, null]];
  if (parts.kind === "Affine" && key === "y")
    return [self, ["x", i, null], ["W", null, j], ["b", null, j]];
  const unit = parts.kind === "Maxout" ? j % parts.columns.y.length : j;
  if (key === "gx")
    return [self, ["gy", i, unit], ["mask", i, unit], ["slopes", i, unit], ["won", i, unit]];
  if (key === "y" && parts.kind !== "Maxout") return [self, ["x", i, j], ["mask", i, j]];
  return [self];
}

// The terms of Σ as a table with their sum. terms(r) are the factors of term r; `plus` is added at
// the end (a bias).
function sumTable(head, n, terms, plus = null) {
  const body = make("tbody");
  let sum = 0;
  for (let r = 0; r < n; r++) {
    const factors = terms(r);
    const product = factors.reduce((a, b) => a * b, 1);
    sum += product;
    const cells = factors.length > 1 ? [...factors, product] : [product];
    body.append(
      make(
        "tr",
        {},
        make("td", {}, String(r)),
        ...cells.map((value) => make("td", {}, show(value, 7))),
      ),
    );
  }
  if (plus !== null) {
    body.append(
      make("tr", {}, make("td", {}, "b"), make("td"), make("td"), make("td", {}, show(plus, 7))),
    );
    sum += plus;
  }
  const blanks = Array.from({ length: head.length - 2 }, () => make("td"));
  const foot = make(
    "tfoot",
    {},
    make("tr", {}, make("td", {}, "Σ"), ...blanks, make("td", {}, show(sum, 7))),
  );
  const titles = head.map((text) => make("th", { scope: "col" }, text));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...titles)), body, foot);
  return {
    element: make("div", { class: "scroll" }, table),
    sum,
    terms: n + (plus === null ? 0 : 1),
  };
}
