// The form of settings, made from what the server says about them (about.js).

import about from "./about.js";
import { make } from "./dom.js";

const WIDE = ["generator", "discriminator"]; // their texts are long

// change(field, text): called when the user has changed a field.
export function buildSettings(place, change) {
  const groups = new Map();
  for (const setting of about.settings) {
    if (!groups.has(setting.group)) {
      const box = make("fieldset", {}, make("legend", {}, setting.group));
      groups.set(setting.group, box);
      place.append(box);
    }
    const id = `set-${setting.field}`;
    const attributes = {
      id,
      "data-field": setting.field,
      "aria-describedby": `${id}-hint`,
      onchange: (event) => change(setting.field, event.target.value),
    };
    const control = setting.choices
      ? make(
          "select",
          attributes,
          ...Object.entries(setting.choices).map(([value, text]) =>
            make("option", { value }, text),
          ),
        )
      : make("input", { type: "text", autocomplete: "off", spellcheck: "false", ...attributes });
    const anew = setting.live ? "" : " The game starts again.";
    groups
      .get(setting.group)
      .append(
        make(
          "div",
          { class: WIDE.includes(setting.field) ? "setting wide" : "setting" },
          make("label", { for: id }, setting.label),
          control,
          make("p", { id: `${id}-hint`, class: "hint" }, setting.expect + anew),
        ),
      );
  }
}

// Show the settings in force; what is being typed stays.
export function showSettings(place, recipe) {
  for (const control of place.querySelectorAll("[data-field]"))
    if (control !== document.activeElement || control.tagName === "SELECT")
      control.value = recipe[control.dataset.field];
}

export function restoreSetting(place, field, recipe) {
  const control = place.querySelector(`[data-field="${field}"]`);
  if (control) control.value = recipe[field];
}
