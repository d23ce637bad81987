// Start, words from the server, settings, two games, buttons and keys.

import about from "./about.js";
import { addressOf, commandOf } from "./address.js";
import { listLines, mark } from "./algorithm.js";
import { find, forgetColours, make } from "./dom.js";
import { createGame } from "./game.js";
import { createPad } from "./pad.js";
import { onRewind, showPlace } from "./place.js";
import { buildSettings, restoreSetting, showSettings } from "./settings.js";
import { session } from "./socket.js";
import { showFile, showTaken, shut } from "./taken.js";

const games = [];
let chosen = 0; // the game whose settings and lines are shown
let asked = null; // the field that was changed last
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
    one.send(commandOf(addressOf(one.setup, pad.text())));
    one.restoring = true; // the setup that comes first is not the one that was asked for
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
    if (one === games[0] && !one.restoring)
      history.replaceState(null, "", `#${addressOf(one.setup, pad.text())}`);
    one.restoring = false;
  },
  frame: (one) => {
    if (one !== game()) return;
    showPlace(one.frame, one.setup);
    mark(one.frame, one.setup);
  },
};

function tellStory(one) {
  find("story").textContent = one ? one.story : "";
  find("read").hidden = !one;
  if (!one) return;
  find("lesson").textContent = `numpygan lesson start ${one.lesson}`;
  find("code-place").textContent = `${one.code.file}, line ${one.code.line}`;
  find("code-text").textContent = one.code.text;
}

function playAddress(address) {
  const command = commandOf(address);
  if (command) games[0].send(command);
  else if (address)
    trouble(
      "The address behind # names no recipe, so it changes nothing; write #recipe=ring&k=3, for example.",
    );
}

// Settings

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
    // Another kind of data needs other networks: they come from its recipe.
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
      const command = commandOf(addressOf(first.setup, pad.text()));
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
  // Space plays or pauses after a click of the mouse, too; a button that has the focus would take it.
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("button, summary, input[type=checkbox]");
    if (event.detail && pressed && pressed === document.activeElement) pressed.blur();
  });
  find("speed").addEventListener("change", () => tell(speedCommand()));
  onRewind((to) => tell({ do: "rewind", to }));
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
    playAddress(location.hash.slice(1));
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
  playAddress(addressed);
  if (
    !matchMedia("(prefers-reduced-motion: reduce)").matches &&
    !new URLSearchParams(location.search).has("still")
  )
    games[0].send({ do: "play" });
});
document.body.dataset.games = 1;
window.games = games; // for the console, and for tests
