// Shows the pictures that the filter lets through, and moves the selection among them.

import { cardOf } from "./cards.js";
import { $, toast } from "./dom.js";
import { drawHeader, filterPictures } from "./header.js";
import { followGrid, onMap } from "./map.js";
import { current, selected, state } from "./state.js";
import { openPicture } from "./zoom.js";

const BLOCK = 240; // cards

let marked = [];

// choose what is shown; decisions made later leave it as it is, so that nothing jumps
export function show(id = current()?.id) {
  state.view = filterPictures();
  $("grid").replaceChildren();
  $("nothing").hidden = state.view.length > 0;
  const others = state.words ? undefined : countElsewhere();
  $("elsewhere").hidden = Boolean(state.special) || !state.pictures.length || others === 0;
  $("elsewhere").textContent = others ? `${others} in other classes` : "Look in the other classes";
  $("nothing").firstElementChild.textContent = state.pictures.length ? "No picture here answers to this filter." : "No picture of this class was found.";
  drawHeader();
  $("grid").style.setProperty("--shape", state.special ? 4 / 3 : usualShape());
  const place = state.view.findIndex((picture) => picture.id === id);
  $("grid").scrollTop = 0;
  goTo(Math.max(0, place));
  growNearEnd();
}

// how many the other classes have of what is chosen; undefined where their counts do not tell
function countElsewhere() {
  const counts = state.classes.filter(({ name }) => name !== state.label)
    .map((item) => ({ ...item, undecided: item.total - item.kept - item.dropped })[state.chip]);
  return counts.includes(undefined) ? undefined : counts.reduce((sum, count) => sum + count, 0);
}

// of a class's pictures, so that most fill their tiles; within bounds, for rows of one height
function usualShape() {
  const shapes = state.pictures.map(({ w, h }) => w / h).sort((a, b) => a - b);
  return Math.min(4 / 3, Math.max(3 / 4, shapes[shapes.length >> 1] ?? 4 / 3));
}

// as many cards as were scrolled to, and some more: a browser scrolls thousands slowly
export function grow(count) {
  const grid = $("grid"), end = Math.ceil(count / BLOCK) * BLOCK, more = state.view.slice(grid.childElementCount, end);
  grid.append(...more.map(cardOf));
  // what was selected on the map may be more than has cards
  for (const picture of more) if (state.picked?.has(picture)) picture.card.setAttribute("aria-selected", "true");
}

export function growNearEnd() {
  const grid = $("grid");
  if (grid.scrollTop + 3 * grid.clientHeight > grid.scrollHeight) grow(grid.childElementCount + 1);
}

export function setFilter(chip, words) {
  Object.assign(state, { chip, words });
  show();
}

export function goTo(place, extend = false, picked = null) {
  state.picked = picked;
  for (const { card } of marked) if (card) { card.classList.remove("here"); card.setAttribute("aria-selected", "false"); card.tabIndex = -1; }
  state.at = Math.max(0, Math.min(place, state.view.length - 1));
  if (!extend) state.anchor = state.at;
  grow(Math.max(state.at, state.anchor) + 1);
  marked = selected();
  for (const { card } of marked) card?.setAttribute("aria-selected", "true");
  const picture = current();
  if (!picture) return;
  picture.card.classList.add("here");
  picture.card.tabIndex = 0;
  picture.card.scrollIntoView({ block: "nearest" });
  if ($("zoom").open) openPicture();
  else if (!["INPUT", "CANVAS"].includes(document.activeElement?.tagName)) focusCard();
  if (onMap()) followGrid();
}

// one more picture, or one less
export function pick(place) {
  const picked = new Set(selected()), picture = state.view[place];
  if (!picked.delete(picture)) picked.add(picture);
  goTo(place, false, picked);
}

// on the map keys mean what was selected there, until a card beside it is chosen among others
export const focusCard = () => (onMap() && state.picked === state.lasso ? $("canvas") : current()?.card)?.focus({ preventScroll: true });

export function goToUnboxed() {
  const free = (picture) => picture.keep !== 0 && !picture.boxes;
  const later = state.view.findIndex((picture, place) => place > state.at && free(picture));
  const place = later < 0 ? state.view.findIndex(free) : later;
  if (place < 0) toast("Every picture that is shown has a box, or is dropped."); else goTo(place);
}

export const countColumns = () => getComputedStyle($("grid")).gridTemplateColumns.split(" ").length;
