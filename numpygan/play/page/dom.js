// Elements, numbers as text, and the colours of the page.

export const find = (id) => document.getElementById(id);

// An element: make("td", {class: "x", onclick: f}, "text" or element, …).
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined && value !== null)
      element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// A number with `digits` significant digits and a real minus sign.
export function show(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  if (Number.isSafeInteger(value)) return value.toLocaleString("en").replace("-", "−");
  const size = Math.abs(value);
  const text =
    size >= 1e-3 && size < 1e6 ? value.toPrecision(digits) : value.toExponential(digits - 1);
  return text.replaceAll("-", "−");
}

// Put a number into `element`; all of its digits are in data-value.
export function put(element, value, digits = 4) {
  element.textContent = show(value, digits);
  element.dataset.value = value === null || value === undefined ? "" : String(value);
}

let palette = null;

// The colours of the style sheet, as texts and as [r, g, b].
export function colours() {
  if (palette) return palette;
  const style = getComputedStyle(document.documentElement);
  palette = { rgb: {} };
  for (const name of ["paper", "ink", "soft", "line", "wash", "accent", "minus", "green"]) {
    const text = style.getPropertyValue(`--${name}`).trim();
    palette[name] = text;
    palette.rgb[name] = [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
  }
  return palette;
}

export function forgetColours() {
  palette = null;
}

// A canvas of `width` × `height` CSS pixels, as sharp as the screen; its drawing context, cleared.
export function fresh(canvas, width, height) {
  const ratio = Math.min(2, devicePixelRatio || 1);
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const draw = canvas.getContext("2d");
  draw.setTransform(ratio, 0, 0, ratio, 0, 0);
  draw.clearRect(0, 0, width, height);
  draw.font = "12px system-ui, 'DejaVu Sans', sans-serif";
  draw.lineJoin = "round";
  return draw;
}
