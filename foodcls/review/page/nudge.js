// Draws, moves and resizes boxes of the zoomed picture with keys.

import { chooseBox, drawBoxes, saveBoxes } from "./boxes.js";
import { boxesOf, current, state } from "./state.js";

const STEP = 0.01; // of the picture's longer side

let unsaved = null; // what arrows did that are not let go: of which picture, the boxes before, and those now

export const isAdjusting = () => state.adjusting && boxesOf(current() ?? {})[state.chosen] !== undefined;

// a box in the middle, to be moved and resized
export function newBox() {
  const { w, h } = current(), boxes = boxesOf(current()).filter((box) => !box[4]);
  const box = [w / 4, h / 4, (3 * w) / 4, (3 * h) / 4].map(Math.round).concat(0);
  Object.assign(state, { chosen: boxes.length, adjusting: true });
  saveBoxes([...boxes, box]);
}

export function stopAdjusting() {
  saveNudges();
  chooseBox(-1);
}

// an arrow moves the chosen box; with Shift it moves its lower right corner
export function nudge(key, resizes) {
  const picture = current(), { w, h } = picture, step = Math.max(1, Math.round(STEP * Math.max(w, h)));
  let [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[key];
  const boxes = unsaved?.boxes ?? boxesOf(picture), [left, top, right, bottom] = boxes[state.chosen], within = (value, low, high) => Math.max(low, Math.min(high, value));
  let box;
  if (resizes) box = [left, top, within(right + dx, left + 2, w), within(bottom + dy, top + 2, h), 0];
  else {
    [dx, dy] = [within(dx, -left, w - right), within(dy, -top, h - bottom)];
    box = [left + dx, top + dy, right + dx, bottom + dy, 0];
  }
  unsaved = { picture, seen: unsaved?.seen ?? boxes, boxes: boxes.map((one, number) => (number === state.chosen ? box : one)) };
  picture.boxes = unsaved.boxes;
  drawBoxes();
}

// when the arrow is let go, or what follows is no arrow: one change, one undo
export function saveNudges() {
  if (!unsaved) return;
  const { picture, seen, boxes } = unsaved;
  unsaved = null;
  saveBoxes(boxes, seen, picture);
}
