// Draws, moves and resizes boxes of the zoomed picture with the mouse.

import { chooseBox, saveBoxes } from "./boxes.js";
import { $ } from "./dom.js";
import { boxesOf, current, state } from "./state.js";

const CLICK = 4; // pixels; a hand trembles: less than this is a click

let drag = null;

export const isDragging = () => drag !== null;

export function listenForDrags() {
  const svg = $("boxes");
  svg.addEventListener("pointerdown", startDrag);
  svg.addEventListener("pointermove", moveDrag);
  svg.addEventListener("pointerup", endDrag);
  svg.addEventListener("pointercancel", endDrag);
}

// where in the picture, in its own pixels
function pointAt(event) {
  const matrix = $("boxes").getScreenCTM().inverse(), { w, h } = current();
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
  return [Math.max(0, Math.min(w, point.x)), Math.max(0, Math.min(h, point.y))];
}

function startDrag(event) {
  if (event.button !== 0 || !current()) return;
  event.preventDefault();
  // with Shift a box can be drawn inside another
  const { box, corner } = event.shiftKey ? {} : event.target.dataset, start = pointAt(event), boxes = boxesOf(current()).map((one) => [...one]);
  const kind = corner ? "corner" : box !== undefined ? "move" : "new";
  if (kind === "new") boxes.push([...start, ...start, 0]);
  drag = { picture: current(), seen: boxesOf(current()), kind, corner, start, boxes, number: kind === "new" ? boxes.length - 1 : Number(box), from: [event.clientX, event.clientY], moved: false };
  drag.before = [...boxes[drag.number]];
  $("boxes").setPointerCapture(event.pointerId);
}

function moveDrag(event) {
  // a key may have gone on to the next picture
  if (drag?.picture !== current()) return;
  const [x, y] = pointAt(event);
  if (!drag.moved && Math.hypot(event.clientX - drag.from[0], event.clientY - drag.from[1]) < CLICK) return;
  drag.moved = true;
  drag.boxes[drag.number] = draggedBox(drag, x, y);
  current().boxes = drag.boxes;
  chooseBox(drag.number);
}

function draggedBox({ kind, corner, start, before }, x, y) {
  let [left, top, right, bottom] = before;
  const { w, h } = current();
  if (kind === "move") {
    const dx = Math.max(-left, Math.min(w - right, x - start[0])), dy = Math.max(-top, Math.min(h - bottom, y - start[1]));
    [left, right, top, bottom] = [left + dx, right + dx, top + dy, bottom + dy];
  } else {
    const pick = corner ?? "se";
    if (pick.includes("w")) left = x; else right = x;
    if (pick.includes("n")) top = y; else bottom = y;
  }
  const round = (a, b) => [Math.min(a, b), Math.max(a, b)].map(Math.round);
  const [[x0, x1], [y0, y1]] = [round(left, right), round(top, bottom)];
  return [x0, y0, x1, y1, 0]; // what a person has touched is no longer a proposal
}

function endDrag() {
  if (!drag) return;
  const { picture, kind, moved, boxes, number, seen } = drag;
  drag = null;
  if (!moved) { if (picture === current()) chooseBox(kind === "new" ? -1 : number); return; }
  const [left, top, right, bottom] = boxes[number];
  if (right - left < 2 || bottom - top < 2) { boxes.splice(number, 1); state.chosen = -1; }
  // whoever draws a box has not taken the proposed one
  const own = kind === "new" ? boxes.filter((box) => !box[4]) : boxes;
  if (state.chosen >= 0) state.chosen = own.indexOf(boxes[number]);
  saveBoxes(own, seen, picture);
}
