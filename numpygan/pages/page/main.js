// Start: unpack, draw, listen.

let data = null;

function listSymbols() {
  const list = document.getElementById("symbols");
  for (const [name, [, meaning]] of Object.entries(data.symbols)) {
    list.append(make("div", {}, make("dt", {}, symbol(name)), make("dd", {}, meaning)));
  }
}

function explainOnHover() {
  const tip = document.getElementById("tip");
  document.addEventListener("pointerover", (event) => {
    const named = event.target.closest && event.target.closest("[data-symbol]");
    tip.hidden = !named;
    if (!named) return;
    tip.textContent = data.symbols[named.dataset.symbol][1];
    const box = named.getBoundingClientRect();
    const rightmost = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = `${scrollX + Math.max(8, Math.min(box.left, rightmost))}px`;
    tip.style.top = `${box.bottom + scrollY + 6}px`;
  });
}

unpack().then((found) => {
  data = found;
  data.rounds = Math.max(...data.steps.map((step) => step.round));
  listLines();
  listSymbols();
  listen();
  explainOnHover();
  // Before the first backward pass there are no derivatives to see.
  go(data.start ?? data.steps.findIndex((step) => step.line.endsWith("D backward")));
  document.body.dataset.ready = performance.now().toFixed(0);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    palette = null;
    drawnGame = "";
    go(current);
  });
});
