// Lists the classes with their progress, and opens one of them.

import { getSaved } from "./api.js";
import { $, displayName, make, makeButton, toast } from "./dom.js";
import { show } from "./grid.js";
import { filterPictures } from "./header.js";
import { hideReasons } from "./reasons.js";
import { current, state, takeTurn } from "./state.js";

export function drawClasses() {
  const sum = (name) => state.classes.reduce((total, item) => total + item[name], 0);
  $("overall").textContent = `${sum("kept") + sum("dropped")} of ${sum("total")} pictures looked at`;
  const nav = $("classes");
  // of pictures of all classes none is chosen: each may be, the first too
  const none = make("option", "", "All classes");
  Object.assign(none, { value: "", hidden: true, selected: !state.label });
  $("chooser").replaceChildren(none, ...state.classes.map((item) => {
    const option = make("option", "", `${displayName(item.name)}, ${item.kept + item.dropped} of ${item.total}`);
    option.value = item.name;
    option.selected = item.name === state.label;
    return option;
  }));
  while (nav.children.length < state.classes.length) nav.append(classButton());
  state.classes.forEach((item, number) => drawClass(nav.children[number], item));
}

function classButton() {
  const button = makeButton(""), meter = make("span", "meter");
  meter.append(make("i", "k"), make("i", "d"));
  button.append(make("span", "name"), make("span", "count"), meter);
  return button;
}

function drawClass(button, item) {
  const looked = item.kept + item.dropped;
  button.dataset.label = item.name;
  button.setAttribute("aria-current", item.name === state.label);
  button.classList.toggle("done", looked === item.total);
  button.querySelector(".name").textContent = displayName(item.name);
  button.querySelector(".name").title = item.name;
  button.querySelector(".count").textContent = looked === item.total ? `✓ ${item.total}` : `${looked}/${item.total}`;
  const share = (count) => `${item.total ? (100 * count) / item.total : 0}%`;
  button.querySelector(".k").style.width = share(item.kept);
  button.querySelector(".d").style.width = share(item.dropped);
}

let asked = ""; // the class that is about to open

// `stay` keeps the filter and the current picture; false where it failed, and the page is as it was
export async function openClass(label, stay = false) {
  const id = stay ? current()?.id : null, isMine = takeTurn();
  let pictures;
  asked = label;
  try {
    pictures = await getSaved(`pictures?class=${encodeURIComponent(label)}`);
  } catch (error) {
    if (isMine() && !stay) toast(error.message, true);
    return false;
  } finally {
    if (isMine()) asked = "";
  }
  if (!isMine()) return;
  Object.assign(state, { label, special: null, fromMap: false, pictures });
  state.byId = new Map(pictures.map((picture) => [picture.id, picture]));
  history.replaceState(null, "", `#${encodeURIComponent(label)}`);
  $("grid").classList.remove("dense");
  hideReasons();
  drawClasses();
  if (!stay) Object.assign(state, { chip: "all", words: "" });
  $("search").value = state.words;
  show(id);
}

// the next class with pictures that the filter lets through
export async function openElsewhere() {
  const isMine = takeTurn(), here = state.classes.findIndex((item) => item.name === state.label);
  try {
    for (const { name } of [...state.classes.slice(here + 1), ...state.classes.slice(0, here)]) {
      const pictures = await getSaved(`pictures?class=${encodeURIComponent(name)}`);
      if (!isMine()) return;
      if (filterPictures(pictures).length) return openClass(name, true);
    }
    toast("No class has a picture that answers to this filter.");
  } catch (error) {
    toast(error.message, true);
  }
}

export function stepClass(by) {
  const number = state.classes.findIndex((item) => item.name === (asked || state.label || state.cameFrom));
  const next = state.classes[number + by];
  if (next) openClass(next.name);
}
