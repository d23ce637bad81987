// Start, buttons, keys, the algorithm's lines, and what the address holds.

import about from "./about.js";
import { forgetColours, make, show } from "./dom.js";
import { createGame } from "./game.js";
import { CELLS, createPad } from "./pad.js";
import { buildSettings, restoreSetting, showSettings } from "./settings.js";
import { session } from "./socket.js";

const find = (id) => document.getElementById(id);
const games = [];
let chosen = 0; // the game whose settings and lines are shown
let asked = null; // the field that was changed last
let dragging = false;
const game = () => games[chosen];
const tell = (command) => games.forEach((one) => one.send(command));

// Words from the server

function trouble(text) {
  find("trouble").hidden = !text;
  find("trouble").textContent = text;
}

const on = {
  open: (one) => {
    trouble("");
    one.send(speedCommand());
    one.look();
  },
  // The server has made a new game: the page's first, or one in place of a game that it has ended.
  made: (one) => {
    if (!one.setup) return one.atNew();
    trouble(
      "The connection was gone for so long that numpygan play has ended this game. It starts again with the same settings.",
    );
    one.send(commandOf(addressOf(one.setup)));
  },
  torn: () =>
    trouble(
      "The connection to numpygan play is gone. The page tries again; if the program has ended, start it again.",
    ),
  said: (kind, content, one) => {
    if (kind === "error") {
      trouble(content);
      if (!find("taken-text").textContent && find("taken-link").hidden) find("taken").hidden = true;
      if (asked && one.setup) restoreSetting(find("settings"), asked, one.setup.recipe);
    } else if (kind === "text") {
      showTaken(content.title, content.text);
    } else if (kind === "file") {
      showFile(content, one);
    }
  },
  setup: (one) => {
    if (one !== game()) return;
    listLines(one.setup.lines);
    showSettings(find("settings"), one.setup.recipe);
    if (one.setup.drawing)
      pad.read(one.setup.drawing.map((value) => Math.round(value).toString(16)).join(""));
    if (one === games[0]) history.replaceState(null, "", `#${addressOf(one.setup)}`);
  },
  frame: (one) => {
    if (one === game()) drawFrame(one);
  },
};

// What is taken home: a text, or a file of the server's.

function showTaken(title, text = "", file = null) {
  find("taken").hidden = false;
  find("taken-title").textContent = title;
  find("taken-text").textContent = text;
  find("taken-text").hidden = find("copy").hidden = !text;
  link(find("taken-link"), file);
  const film = find("taken-film");
  film.hidden = !file || !file.address.includes(".gif");
  if (film.hidden) film.removeAttribute("src");
  else film.src = file.address;
  find("taken").scrollIntoView({ block: "nearest" });
}

function link(anchor, file) {
  anchor.hidden = !file;
  if (file) Object.assign(anchor, { href: file.address, download: file.save_as });
}

let files = 0; // the number makes each address new, so that nothing old is shown

function showFile({ name, title, save_as, size }, one) {
  files += 1;
  const file = { address: `${one.id}/${name}?${files}`, save_as };
  if (name !== "opened.html") return showTaken(`${title}, ${(size / 1e6).toFixed(1)} MB`, "", file);
  find("opened").hidden = false;
  find("opened-title").textContent = title;
  link(find("opened-link"), file);
  find("opened-page").src = file.address;
  find("opened").scrollIntoView();
  find("opened-title").focus();
}

function shut() {
  find("opened").hidden = true;
  find("opened-page").removeAttribute("src");
  find("open").focus();
}

function drawFrame(one) {
  const { frame, setup } = one;
  const playing = frame.playing;
  const button = find("play");
  if (button.dataset.playing !== String(playing)) {
    button.dataset.playing = playing;
    button.querySelector("path").setAttribute("d", playing ? "M5 3v10M11 3v10" : "M4 3l9 5-9 5z");
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
  }
  const speed = frame.speed >= 1 && playing ? ` · ${show(Math.round(frame.speed))} a second` : "";
  const inside = frame.line ? ` · line ${frame.line} of ${setup.order.length}` : "";
  find("where").textContent = `iteration ${show(frame.iteration)}${inside}${speed}`;
  find("where").dataset.iteration = frame.iteration;
  const slider = find("rewind");
  if (!dragging) {
    slider.min = frame.oldest;
    slider.max = frame.iteration;
    slider.value = frame.iteration;
  }
  mark(frame, setup);
  find("now").replaceChildren(
    ...frame.now.map(([symbol, value]) =>
      make("span", {}, `${symbol} `, make("b", { "data-value": String(value) }, show(value))),
    ),
  );
}

function tellStory(one) {
  find("story").textContent = one ? one.story : "";
  find("read").hidden = !one;
  if (!one) return;
  find("lesson").textContent = `numpygan lesson start ${one.lesson}`;
  find("code-place").textContent = `${one.code.file}, line ${one.code.line}`;
  find("code-text").textContent = one.code.text;
}

// The algorithm's lines

function listLines(lines) {
  find("code").replaceChildren(
    ...lines.map(([key, depth, html]) => {
      const inside = make("span", { class: "fixed", "data-key": key });
      inside.innerHTML = html; // MathML that numpygan has made from its own text
      const item = make("li", {}, inside);
      // not an attribute: the page allows no inline styles
      item.style.setProperty("--depth", depth);
      return item;
    }),
  );
}

function mark(frame, setup) {
  const slow = !frame.playing || frame.unit === "line" || frame.rate > 0;
  const key = slow
    ? frame.line
      ? setup.order[frame.line - 1]
      : frame.iteration
        ? setup.order.at(-1)
        : ""
    : null;
  for (const line of document.querySelectorAll("#code [data-key]")) {
    if (key && line.dataset.key === key) line.setAttribute("aria-current", "step");
    else line.removeAttribute("aria-current");
  }
}

// Settings, and the address that holds them

function addressOf(setup) {
  const words = new URLSearchParams({ recipe: setup.recipe.name, ...setup.changed });
  if (setup.drawing && setup.recipe.data === "drawn") words.set("drawing", pad.text());
  return words.toString();
}

// The command that plays what an address says, null if it says nothing.
function commandOf(address) {
  const words = Object.fromEntries(new URLSearchParams(address));
  const { recipe, drawing, ...fields } = words;
  if (!recipe) {
    if (address)
      trouble(
        "The address behind # names no recipe, so it changes nothing; write #recipe=ring&k=3, for example.",
      );
    return null;
  }
  const command = { do: "experiment", recipe, fields };
  if (drawing)
    command.drawing = Array.from(
      { length: CELLS * CELLS },
      (_, n) => parseInt(drawing[n], 16) || 0,
    );
  return command;
}

function change(field, text) {
  asked = field;
  trouble("");
  if (field === "data" && text === "drawn") {
    find("pad").focus();
    find("draw-title").scrollIntoView();
    return useDrawing();
  }
  const fields = { [field]: text };
  const { recipe } = game().setup;
  const kind = (data) => ({ gauss1d: "gauss1d", mnist: "mnist" })[data] || "ring";
  if (field === "data" && kind(text) !== kind(recipe.data)) {
    // Another kind of data needs other networks: those of its recipe.
    const own = kind(text);
    const { playing } = game().frame;
    game().send({ do: "experiment", recipe: own, fields: own === text ? {} : { data: text } });
    return playing && game().send({ do: "play" });
  }
  if (field === "algorithm" && text === "authors2014")
    Object.assign(fields, { k: "1", loss: "non_saturating" });
  game().send({ do: "change", fields });
}

function useDrawing() {
  trouble("");
  const drawing = pad.cells;
  if (!drawing.some(Boolean))
    return trouble("The drawing is empty; draw where the data should lie, then use it.");
  if (game().setup.kind === "plane")
    game().send({ do: "change", fields: { data: "drawn" }, drawing });
  else game().send({ do: "experiment", recipe: "ring", fields: { data: "drawn" }, drawing });
}

// Two games

function compare() {
  if (games.length > 1) {
    games.pop().close();
    sessionStorage.removeItem(`numpygan B ${location.pathname}`);
    choose(0);
  } else {
    const first = games[0];
    tell({ do: "restart" });
    add("B", () => {
      const command = commandOf(addressOf(first.setup));
      games[1].send(command);
    });
    choose(1);
  }
  document.body.dataset.games = games.length;
  find("compare").textContent = games.length > 1 ? "Back to one game" : "Compare two games";
  find("whose").hidden = games.length < 2;
  games.forEach((one) => one.rename(games.length > 1 ? `Game ${one.name}` : ""));
  games.forEach((one) => one.draw());
}

function choose(index) {
  chosen = index;
  find("whose").replaceChildren(
    make("span", {}, "Settings of"),
    ...games.map((one, i) =>
      make(
        "button",
        { type: "button", "aria-pressed": String(i === index), onclick: () => choose(i) },
        `game ${one.name}`,
      ),
    ),
  );
  if (game().setup) on.setup(game());
}

// After a pause both games are brought to the same iteration: the one that is ahead goes back,
// exactly.
function align() {
  if (games.length < 2 || games.some((one) => !one.frame || one.frame.playing || one.frame.line))
    return;
  const to = Math.min(...games.map((one) => one.frame.iteration));
  for (const one of games)
    if (one.frame.iteration > to && one.frame.oldest <= to) one.send({ do: "rewind", to });
}

function add(name, atNew) {
  const one = createGame(name, session(name), on);
  one.atNew = atNew;
  games.push(one);
  find("games").append(one.element);
  return one;
}

// Buttons and keys

function speedCommand() {
  const [unit, rate] = find("speed").value.split(" ");
  return { do: "speed", unit, rate: Number(rate) };
}

function play() {
  const playing = game().frame && game().frame.playing;
  tell({ do: playing ? "pause" : "play" });
  if (playing) setTimeout(align, 300);
}

function back() {
  const { frame } = game();
  if (!frame) return;
  const to = frame.line ? frame.iteration : frame.iteration - 1;
  if (to >= frame.oldest) tell({ do: "rewind", to });
}

const actions = {
  play,
  line: () => tell({ do: "line" }),
  iteration: () => tell({ do: "iteration" }),
  back,
  restart: () => tell({ do: "restart" }),
  open: () => game().send({ do: "open" }),
};
const KEYS = {
  o: "open",
  O: "open",
  " ": "play",
  ArrowRight: "line",
  ArrowLeft: "back",
  i: "iteration",
  I: "iteration",
  r: "restart",
  R: "restart",
};

function listen() {
  for (const [id, act] of Object.entries(actions)) {
    actions[id] = () => {
      trouble("");
      act();
    };
    find(id).addEventListener("click", actions[id]);
  }
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !KEYS[event.key]) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, pre")) return;
    if (event.key === " " && event.target.closest("button, summary, input")) return;
    actions[KEYS[event.key]]();
    event.preventDefault();
  });
  find("speed").addEventListener("change", () => tell(speedCommand()));
  const slider = find("rewind");
  slider.addEventListener("input", () => {
    dragging = true;
    find("rewind-label").textContent = `To ${show(Number(slider.value))}`;
  });
  slider.addEventListener("change", () => {
    dragging = false;
    find("rewind-label").textContent = "Rewind";
    tell({ do: "rewind", to: Number(slider.value) });
  });
  find("experiments").append(
    ...about.experiments.map(({ name, title }) => make("option", { value: name }, title)),
  );
  find("experiments").addEventListener("change", (event) => {
    const one = about.experiments.find(({ name }) => name === event.target.value);
    tellStory(one);
    trouble("");
    if (!one) return;
    game().send({ do: "experiment", name: one.name });
    game().send({ do: "play" });
  });
  find("compare").addEventListener("click", compare);
  find("use").addEventListener("click", useDrawing);
  find("clear").addEventListener("click", () => pad.clear());
  for (const button of document.querySelectorAll("[data-home]"))
    button.addEventListener("click", () => {
      const { home } = button.dataset;
      if (home === "page" || home === "film") showTaken("numpygan plays these iterations again …");
      game().send({ do: "home", as: home });
    });
  find("shut").addEventListener("click", shut);
  document.addEventListener(
    "keydown",
    (event) => event.key === "Escape" && !find("opened").hidden && shut(),
  );
  find("copy").addEventListener("click", () =>
    navigator.clipboard.writeText(find("taken-text").textContent),
  );
  find("address").addEventListener("click", () => navigator.clipboard.writeText(location.hash));
  addEventListener("hashchange", () => {
    trouble("");
    const command = commandOf(location.hash.slice(1));
    if (command) games[0].send(command);
  });
  const redraw = () => games.forEach((one) => one.draw());
  addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    forgetColours();
    pad.draw();
    redraw();
  });
}

const pad = createPad(find("pad"));
pad.draw();
buildSettings(find("settings"), change);
listen();
const addressed = location.hash.slice(1); // before the first setup replaces it
add("A", () => {
  const asAddressed = commandOf(addressed);
  if (asAddressed) games[0].send(asAddressed);
  if (
    !matchMedia("(prefers-reduced-motion: reduce)").matches &&
    !new URLSearchParams(location.search).has("still")
  )
    games[0].send({ do: "play" });
});
document.body.dataset.games = 1;
window.games = games; // for the console, and for tests
