// Heat-maps: orange for numbers below 0, blue above, the paper's colour at 0. A cell is read by
// mouse or with the arrow keys.

let palette = null;

function colours() {
  if (palette) return palette;
  const style = getComputedStyle(document.documentElement);
  const read = (name) => {
    const hex = style.getPropertyValue(name).trim().slice(1);
    return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
  };
  palette = { paper: read("--paper"), plus: read("--accent"), minus: read("--minus") };
  return palette;
}

// Draw a matrix on a canvas of one pixel a cell. A cell has the full colour where its absolute
// value is `largest`, by default the matrix's largest; the share of the colour is the square root
// of the share of the value, so that small numbers can be seen. grey: [low, high], the values of black
// and of white, where the matrix is an image.
function paint(canvas, rows, columns, at, { grey = null, largest = 0 } = {}) {
  canvas.width = columns;
  canvas.height = rows;
  const image = new ImageData(columns, rows);
  const { paper, plus, minus } = colours();
  if (!largest && !grey)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) largest = Math.max(largest, Math.abs(at(i, j)));
  let place = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = at(i, j) || 0; // what is not a number has the colour of 0
      const full = value < 0 ? minus : plus;
      const share = largest ? Math.sqrt(Math.min(1, Math.abs(value) / largest)) : 0;
      const light = grey && (255 * (value - grey[0])) / (grey[1] - grey[0]);
      for (let c = 0; c < 3; c++)
        image.data[place++] = grey ? light : paper[c] + (full[c] - paper[c]) * share;
      image.data[place++] = 255;
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// A heat-map of `tensor` with its read-out. options: rows and columns, the names of the rows and
// columns (numbers); label, for those who can't see it; cell, the largest size of one in pixels;
// proof; onpick(i, j), when a cell is chosen.
function heatmap(tensor, options) {
  const { rows, columns, at } = matrix(tensor);
  const size = Math.max(
    3,
    Math.min(options.cell || 13, Math.floor(232 / columns), Math.floor(300 / rows)),
  );
  const canvas = make("canvas", {
    class: "map",
    tabindex: 0,
    role: "img",
    "aria-label": `${options.label}, ${rows} by ${columns}; arrow keys read it`,
  });
  const readout = make("output", { class: "readout" });
  canvas.style.width = `${Math.max(columns * size, 14)}px`;
  canvas.style.height = `${Math.max(rows * size, 12)}px`;
  paint(canvas, rows, columns, at);
  const name = (names, i) => (names ? names[i] : i);
  const read = (i, j) => {
    const place =
      tensor.shape.length === 2
        ? `${name(options.rows, i)}, ${name(options.columns, j)}`
        : name(options.columns, j);
    const proven = options.proof
      ? options.proof.at.findIndex((at) =>
          at.length === 2 ? at[0] === i && at[1] === j : at[0] === j,
        )
      : -1;
    readout.textContent =
      `[${place}] = ${show(at(i, j))}` +
      (proven < 0 ? "" : ` · complex step ${show(options.proof.step.array[proven])}`);
  };
  const box = make("div", { class: "map-box" }, canvas);
  if (options.proof) box.append(proofMarks(options.proof, rows, columns));
  const whole = make("div", {}, make("div", { class: "scroll" }, box), readout);
  explore(canvas, box, rows, columns, read, { pick: options.onpick });
  // Frame row i, column j, or with both one cell.
  whole.mark = (i, j) => box.append(place(make("div", { class: "mark" }), i, j, rows, columns));
  return whole;
}

// A dot in each cell whose number has a complex-step proof.
function proofMarks(proof, rows, columns) {
  const cells = proof.at.map((at) => (at.length === 2 ? at : [0, at[0]]));
  const d = cells.map(([i, j]) => `M${j + 0.5} ${i + 0.5}h0`).join("");
  const marks = svg("svg", {
    viewBox: `0 0 ${columns} ${rows}`,
    preserveAspectRatio: "none",
    class: "proven",
    "aria-hidden": "true",
    "data-proven": cells.length,
  });
  marks.append(svg("path", { d, class: "halo" }), svg("path", { d }));
  return marks;
}

// Put `frame` around cell (i, j) of a rows × columns map; null is all of them.
function place(frame, i, j, rows, columns) {
  const [top, height] = i === null ? [0, 100] : [(100 * i) / rows, 100 / rows];
  const [left, width] = j === null ? [0, 100] : [(100 * j) / columns, 100 / columns];
  frame.style.cssText = `top:${top}%;left:${left}%;height:${height}%;width:${width}%;`;
  return frame;
}

// Call read(i, j) of the cell under the pointer, or of the one that the arrow keys move a cursor to
// while `canvas` has the focus, and pick(i, j) at a click, Enter or space. beyond(i, columns): an
// arrow has left the map at its left (−1) or right (1) in row i.
function explore(canvas, box, rows, columns, read, { pick, beyond } = {}) {
  let here = [0, 0];
  const cursor = make("div", { class: "cursor", hidden: "" });
  box.append(cursor);
  const to = (i, j) => {
    here = [Math.max(0, Math.min(rows - 1, i)), Math.max(0, Math.min(columns - 1, j))];
    place(cursor, ...here, rows, columns);
    read(...here);
  };
  const under = (event) => {
    const edge = canvas.getBoundingClientRect();
    to(
      Math.floor(((event.clientY - edge.top) / edge.height) * rows),
      Math.floor(((event.clientX - edge.left) / edge.width) * columns),
    );
  };
  canvas.addEventListener("pointermove", under);
  canvas.addEventListener("click", (event) => {
    under(event);
    if (pick) pick(...here);
  });
  canvas.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[
      event.key
    ];
    if (move && beyond && (here[1] + move[1] < 0 || here[1] + move[1] >= columns))
      beyond(here[0], move[1]);
    else if (move) to(here[0] + move[0], here[1] + move[1]);
    else if ((event.key === "Enter" || event.key === " ") && pick) pick(...here);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  canvas.addEventListener("focus", () => {
    cursor.hidden = false;
    to(...here);
  });
  canvas.addEventListener("blur", () => (cursor.hidden = true));
  canvas.enter = (i, j) => {
    here = [i, j];
    canvas.focus();
  };
}

// Rows of `images` (n, height · width) as pictures, each with a caption, and below them the pixel
// under the pointer or cursor. All of them are one stop of the Tab key: the arrow keys go from
// pixel to pixel, and past the edge into the neighbour. All have one scale. grey: as of paint, of
// images; other arrays over the pixels are signed.
function pictures(images, captions, { scale = 2, grey = null } = {}) {
  const [height, width] = data.image;
  const list = make("div", { class: "pictures" });
  const readout = make("output", { class: "readout" });
  const all = [];
  const pixels = images.array;
  const largest = grey
    ? 0
    : pixels.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0);
  for (let n = 0; n < images.shape[0]; n++) {
    const part = pixels.subarray(n * height * width, (n + 1) * height * width);
    const name = captions[n] || `picture ${n}`;
    const label = `${name}, ${height} by ${width}; arrow keys read it`;
    const canvas = make("canvas", { role: "img", tabindex: n ? -1 : 0, "aria-label": label });
    paint(canvas, height, width, (i, j) => part[i * width + j], { grey, largest });
    canvas.style.width = `${width * scale}px`;
    const box = make("div", { class: "map-box" }, canvas);
    const read = (i, j) =>
      (readout.textContent = `${name}: [${i}, ${j}] = ${show(part[i * width + j], 4)}`);
    const beyond = (i, way) => all[n + way] && all[n + way].enter(i, way > 0 ? 0 : width - 1);
    explore(canvas, box, height, width, read, { beyond });
    all.push(canvas);
    list.append(make("figure", {}, box, make("figcaption", {}, captions[n] || "")));
  }
  return make("div", {}, list, readout);
}
