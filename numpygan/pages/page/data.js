"use strict";
// The data of the page, and how its numbers are written. The layout is described in
// numpygan/pages/study_page.py, pack().

async function unpack() {
  const text = atob(document.getElementById("data").textContent);
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const whole = await new Response(stream).arrayBuffer();
  const n = new DataView(whole).getUint32(0, true);
  const start = Math.ceil((4 + n) / 8) * 8;
  const kinds = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u1: Uint8Array };
  return JSON.parse(new TextDecoder().decode(new Uint8Array(whole, 4, n)), (key, value) => {
    if (value === null || typeof value !== "object" || value.at === undefined || !value.type)
      return value;
    const size = value.shape.reduce((a, b) => a * b, 1);
    const array = new kinds[value.type](whole, start + value.at, size);
    return { array, shape: value.shape };
  });
}

// A number with `digits` significant digits and a real minus sign.
function show(value, digits = 6) {
  if (value === 0) return "0";
  // a count, however large
  if (Number.isSafeInteger(value)) return value.toLocaleString("en").replace("-", "−");
  const size = Math.abs(value);
  const text =
    size >= 1e-3 && size < 1e6 ? value.toPrecision(digits) : value.toExponential(digits - 1);
  return text.replaceAll("-", "−");
}

// A tensor as a matrix: a vector is one row.
function matrix(tensor) {
  const [rows, columns] = tensor.shape.length === 2 ? tensor.shape : [1, tensor.shape[0]];
  return { rows, columns, array: tensor.array, at: (i, j) => tensor.array[i * columns + j] };
}

// An element: make("td", {class: "x"}, "text" or element, …).
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// The symbol `name` typeset, with its meaning on hover; MathML comes from
// numpygan/pages/typeset.py.
function symbol(name) {
  const span = make("span");
  span.innerHTML = data.symbols[name] ? data.symbols[name][0] : "";
  if (!data.symbols[name]) span.textContent = name;
  return span;
}

function mathematics(html) {
  const span = make("span");
  span.innerHTML = html;
  return span;
}
