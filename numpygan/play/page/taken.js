// What is taken home: a text, or a file of the server's; and the iteration that is opened.

import { find } from "./dom.js";

export function showTaken(title, text = "", file = null) {
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

export function showFile({ name, title, save_as, size }, one) {
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

export function shut() {
  find("opened").hidden = true;
  find("opened-page").removeAttribute("src");
  find("open").focus();
}
