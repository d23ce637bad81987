// One game: its connection, its picture, its numbers and its curves. Two of them can be side by
// side.

import { make, put, show } from "./dom.js";
import { connect } from "./socket.js";
import { DASHES, drawCurves, drawModes, drawNorms, drawParzen } from "./curves.js";
import { drawImages } from "./images.js";
import { drawLine } from "./line.js";
import { drawPlane } from "./plane.js";
import { CURVES, GRADIENTS, LEGENDS, MODES, NUMBERS, SHOWN, SURFACES } from "./words.js";

const PICTURES = { plane: drawPlane, line: drawLine, images: drawImages };
const calm = matchMedia("(prefers-reduced-motion: reduce)");

// on: {made(game), setup(game), frame(game), said(kind, content, game), torn(game), open(game)}
export function createGame(name, id, on) {
  const canvas = make("canvas", { class: "picture", role: "img", "aria-label": `Game ${name}` });
  const curves = make("canvas", {
    class: "curves",
    role: "img",
    "aria-label": "Curves of V, D(x) and D(G(z))",
    title: CURVES,
  });
  const modes = make("canvas", {
    class: "curves low",
    role: "img",
    "aria-label": "Curves of the modes found and of the samples near a mode",
    title: MODES,
    hidden: "",
  });
  const lengths = make("canvas", {
    class: "curves low",
    role: "img",
    "aria-label": "Curves of the gradients, layer by layer",
    title: GRADIENTS,
  });
  const parzen = make("canvas", {
    class: "curves parzen",
    role: "img",
    "aria-label": "Curve of the Parzen estimate",
    hidden: "",
  });
  const surfaces = make("div", {
    class: "controls",
    role: "group",
    "aria-label": `Surface of game ${name}`,
  });
  const boxes = make("div", {
    class: "controls shown",
    role: "group",
    "aria-label": `What game ${name} shows`,
  });
  const about = make("p", { class: "hint" });
  const legend = make("p", { class: "legend-line" });
  const cells = {};
  const table = make("table", { class: "scores" });
  for (const [key, symbol, meaning] of NUMBERS) {
    cells[key] = make("td", { "data-number": key });
    table.append(
      make(
        "tr",
        { title: meaning },
        make("th", { scope: "row" }, symbol),
        cells[key],
        make("td", { class: "aside" }, meaning),
      ),
    );
  }
  const norms = make("table", { class: "scores by-layer" });
  const modesLegend = make(
    "p",
    { class: "legend-line", hidden: "" },
    ink("green", "modes found"),
    ink("accent dashed", "share of samples within 3σ of a mode"),
  );
  const title = make("h2", {}, "");
  const element = make(
    "div",
    { class: "game-box", "data-game": name },
    make("div", { class: "left" }, title, canvas, legend, surfaces, boxes, about),
    make(
      "div",
      { class: "right" },
      table,
      curves,
      make(
        "p",
        { class: "legend-line" },
        ink("ink", "V"),
        ink("accent", "D(x)"),
        ink("green dashed", "D(G(z))"),
      ),
      modes,
      modesLegend,
      parzen,
      make(
        "details",
        { class: "notes", open: "", ontoggle: () => game.draw() },
        make("summary", {}, "Gradients, layer by layer"),
        make("p", { class: "hint" }, GRADIENTS),
        lengths,
        norms,
      ),
    ),
  );
  const game = {
    name,
    id,
    element,
    setup: null,
    frame: null,
    surface: "D",
    fields: {},
    shown: { data: true, samples: true, arrows: true, mesh: false },
  };

  function settle(setup) {
    const other = game.setup && game.setup.kind !== setup.kind;
    game.setup = setup;
    if (other || !boxes.children.length) {
      game.surface = "D";
      game.shown.mesh = setup.kind !== "plane";
      boxes.replaceChildren(
        ...Object.entries(SHOWN[setup.kind]).map(([what, label]) => checkbox(what, label)),
      );
      canvas.removeAttribute("style");
      if (other) game.look();
    }
    element.dataset.kind = setup.kind;
    about.textContent = setup.about;
    surfaces.hidden = !Object.keys(setup.surfaces).length;
    drawSurfaces();
    on.setup(game);
  }

  function drawLegend() {
    const { kind } = game.setup;
    const surface = kind === "plane" ? SURFACES[game.surface] : [];
    legend.replaceChildren(
      ...[...surface, ...LEGENDS[kind]].map(([kind, label]) => ink(kind, label)),
    );
  }

  function drawSurfaces() {
    drawLegend();
    surfaces.replaceChildren(
      ...Object.entries(game.setup.surfaces).map(([surface, label]) =>
        make(
          "button",
          {
            type: "button",
            title: label,
            "data-surface": surface,
            "aria-pressed": String(surface === game.surface),
            onclick: () => {
              game.surface = surface;
              for (const button of surfaces.children)
                button.setAttribute("aria-pressed", String(button.dataset.surface === surface));
              drawLegend();
              game.look();
            },
          },
          label.split(",")[0],
        ),
      ),
    );
  }

  function checkbox(what, label) {
    const box = make("input", {
      type: "checkbox",
      checked: game.shown[what] ? "" : false,
      onchange: () => {
        game.shown[what] = box.checked;
        if (what === "mesh") game.look();
        game.draw();
      },
    });
    return make("label", {}, box, ` ${label}`);
  }

  // A frame that was made before the settings changed doesn't go with the new ones; another comes.
  const fits = () => game.frame && game.setup && game.frame.setup === game.setup.number;

  game.draw = () => {
    if (!fits()) return;
    const { frame, setup } = game;
    PICTURES[setup.kind](canvas, setup, frame, game.shown);
    drawCurves(curves, frame.curves, setup.least);
    const [V, real, fake] = frame.last || [null, null, null];
    const { view } = frame;
    put(cells.V, V);
    put(cells.real, real);
    put(cells.fake, fake);
    put(cells.push, view.mean_push, 3);
    put(cells.onGrid, view.V);
    put(cells.best, view.C);
    put(cells.jsd, view.JSD);
    cells.onGrid.parentElement.hidden = cells.best.parentElement.hidden = view.C === undefined;
    cells.jsd.parentElement.hidden = view.JSD === undefined;
    const estimate = view.parzen && view.parzen.array.slice(-3);
    cells.parzen.parentElement.hidden = parzen.hidden = !estimate || !estimate.length;
    if (!parzen.hidden) {
      cells.parzen.textContent = `${show(estimate[1])}, σ ${show(estimate[2], 2)}`;
      drawParzen(parzen, view.parzen);
    }
    cells.modes.parentElement.hidden = modes.hidden = modesLegend.hidden = !view.modes;
    if (view.modes) {
      cells.modes.textContent = `${view.modes[0]} of ${setup.modes.length}, ${(100 * view.modes[1]).toFixed(1)} %`;
      cells.modes.dataset.value = view.modes.join();
      drawModes(modes, view.modes_found, setup.modes.length);
    }
    cells.thetaG.textContent = cells.thetaG.dataset.value = frame.theta.G;
    cells.thetaD.textContent = cells.thetaD.dataset.value = frame.theta.D;
    if (norms.parentElement.open) {
      drawNorms(lengths, frame.curves, frame.norms.D.length);
      norms.replaceChildren(...gradients(frame.norms));
    }
    element.dataset.iteration = frame.iteration;
    element.dataset.line = frame.line;
    canvas.setAttribute("aria-label", describe(setup, frame));
  };

  const gradients = (norms) =>
    ["D", "G"].flatMap((net) =>
      norms[net].map(([layer, value], i) => {
        const cell = make("td", {});
        put(cell, value);
        const dash = ["", "dashed", "dotted", "double"][i % DASHES.length];
        return make(
          "tr",
          {},
          make(
            "th",
            { scope: "row" },
            ink(`${net === "D" ? "accent" : "green"} ${dash}`, `${net}: ${layer}`),
          ),
          cell,
        );
      }),
    );

  game.look = () => game.send({ do: "look", surface: game.surface, mesh: game.shown.mesh });
  game.rename = (text) => (title.textContent = text);
  game.close = () => {
    connection.close();
    element.remove();
  };

  // The next frame is asked for when this one is drawn: a slow page gets fewer, and the training
  // never waits.
  const ready = () => game.send({ do: "frame" });
  const drawn = () => {
    if (calm.matches) setTimeout(ready, 400);
    else ready();
    if (!fits()) return;
    game.draw();
    on.frame(game);
  };
  const connection = connect(id, {
    open: () => {
      on.open(game);
      ready();
    },
    torn: () => on.torn(game),
    message: (message) => {
      if (message.said === "setup") settle(message.content);
      else if (message.said === "game") message.content === "new" && on.made(game);
      else if (message.said) on.said(message.said, message.content, game);
      else {
        game.frame = message;
        requestAnimationFrame(drawn);
      }
    },
  });
  game.send = connection.send;
  return game;
}

function ink(kind, text) {
  return make("span", {}, make("i", { class: `ink ${kind}`, "aria-hidden": "true" }), text);
}

// For those who can't see the picture.
function describe(setup, frame) {
  const [V, real, fake] = frame.last || [null, null, null];
  const modes = frame.view.modes
    ? `, ${frame.view.modes[0]} of ${setup.modes.length} modes found`
    : "";
  return `Iteration ${show(frame.iteration)}: V ${show(V)}, D(x) ${show(real)}, D(G(z)) ${show(fake)}${modes}`;
}
