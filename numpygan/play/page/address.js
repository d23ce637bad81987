// The address holds the settings of the first game behind its #.

import { CELLS } from "./pad.js";

// The settings of a game in words; drawing: the text of its drawing.
export function addressOf(setup, drawing) {
  const words = new URLSearchParams({ recipe: setup.recipe.name, ...setup.changed });
  if (setup.drawing && setup.recipe.data === "drawn") words.set("drawing", drawing);
  return words.toString();
}

// The command that plays what an address says, null if it names no recipe.
export function commandOf(address) {
  const words = Object.fromEntries(new URLSearchParams(address));
  const { recipe, drawing, ...fields } = words;
  if (!recipe) return null;
  const command = { do: "experiment", recipe, fields };
  if (drawing)
    command.drawing = Array.from(
      { length: CELLS * CELLS },
      (_, n) => parseInt(drawing[n], 16) || 0,
    );
  return command;
}
