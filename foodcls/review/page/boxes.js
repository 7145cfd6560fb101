// Draws the boxes of the zoomed picture, and removes, accepts or refuses them.

import { send } from "./api.js";
import { drawCard } from "./cards.js";
import { $, make, makeButton, makeSvg, toast } from "./dom.js";
import { drawFilters } from "./header.js";
import { boxesOf, current, hasProposal, selected, state } from "./state.js";

export function drawBoxes() {
  const picture = current(), boxes = boxesOf(picture), parts = boxes.length ? [veil(picture, boxes)] : [];
  boxes.forEach((box, number) => parts.push(...boxParts(picture, box, number)));
  $("boxes").replaceChildren(...parts);
  $("offer").hidden = !hasProposal(picture);
  $("stage-hint").textContent = hasProposal(picture) ? "Proposed box: A accepts it, drag to correct it" : state.adjusting && state.chosen >= 0 ? "Arrows move the box, with ⇧ they resize it; Esc when done" : state.boxMode ? "Box mode: drag a box, Space for the next picture without one" : "";
  $("box-list").replaceChildren(...boxes.map(boxLine));
}

// everything outside of the boxes is darker: it is what the crop leaves out
function veil(picture, boxes) {
  const hole = ([left, top, right, bottom]) => `M${left} ${top}V${bottom}H${right}V${top}Z`;
  return makeSvg("path", { class: "veil", d: boxes.length === 1 ? `M0 0H${picture.w}V${picture.h}H0Z${hole(boxes[0])}` : "" });
}

function boxParts(picture, [left, top, right, bottom, proposed], number) {
  const area = { x: left, y: top, width: right - left, height: bottom - top }, isChosen = number === state.chosen;
  const kind = `box${proposed ? " proposed" : ""}${isChosen ? " chosen" : ""}`;
  const parts = [makeSvg("rect", { ...area, class: "shadow" }), makeSvg("rect", { ...area, class: kind, "data-box": number })];
  if (!isChosen) return parts;
  const wide = matchMedia("(pointer: coarse)").matches ? 28 : 11; // pixels; a finger is wider than a pointer
  const side = (wide * picture.w) / Math.max(1, pictureWidth());
  for (const [corner, x, y] of [["nw", left, top], ["ne", right, top], ["sw", left, bottom], ["se", right, bottom]]) {
    parts.push(makeSvg("rect", { x: x - side / 2, y: y - side / 2, width: side, height: side, rx: side / 4, class: `handle ${corner}`, "data-box": number, "data-corner": corner }));
  }
  return parts;
}

function boxLine([left, top, right, bottom, proposed], number) {
  const line = make("li", number === state.chosen ? "chosen" : ""), remove = makeButton("", "✕");
  line.dataset.line = number;
  const edges = makeButton("edges", `${number === state.chosen ? "▸ " : ""}${right - left} × ${bottom - top} at ${left}, ${top}`);
  edges.setAttribute("aria-pressed", number === state.chosen);
  line.append(edges);
  if (proposed) line.append(make("span", "tag", "proposed"));
  remove.dataset.remove = number;
  remove.setAttribute("aria-label", `Remove box ${number + 1}`);
  line.append(remove);
  return line;
}

// of the zoomed picture on the screen
function pictureWidth() {
  const { width, height } = $("boxes").getBoundingClientRect(), { w, h } = current();
  return Math.min(width, (height * w) / h);
}

// `seen` are the boxes before: what others drew meanwhile stays
export function saveBoxes(boxes, seen = boxesOf(current()), picture = current()) {
  picture.boxes = boxes.length ? boxes : undefined;
  drawCard(picture);
  drawBoxes();
  drawFilters();
  send("boxes", { id: picture.id, boxes, seen });
}

export function removeBox(number) {
  const boxes = boxesOf(current());
  if (!boxes[number]) return;
  state.chosen = -1;
  saveBoxes(boxes.filter((_, place) => place !== number));
}

// the chosen box, or the only one
export function removeChosen() {
  removeBox(state.chosen < 0 && boxesOf(current()).length === 1 ? 0 : state.chosen);
}

export function chooseBox(number, adjusting = false) {
  Object.assign(state, { chosen: number, adjusting });
  drawBoxes();
}

export function chooseNextBox() {
  const count = boxesOf(current()).length;
  chooseBox(count ? (state.chosen + 1) % count : -1, count > 0);
}

export function acceptBoxes() {
  const zoomed = $("zoom").open, pictures = (zoomed ? [current()] : selected()).filter(hasProposal);
  for (const picture of pictures) {
    const boxes = boxesOf(picture), only = zoomed && boxes[state.chosen]?.[4] ? state.chosen : -1;
    picture.boxes = boxes.map((box, number) => (only < 0 || only === number ? box.slice(0, 4).concat(0) : box));
    drawCard(picture);
    send("boxes", { id: picture.id, boxes: picture.boxes, seen: boxes });
  }
  if (zoomed) drawBoxes();
  drawFilters();
  const count = pictures.length;
  toast(count ? `Accepted${count > 1 ? ` for ${count} pictures` : ""}.` : "No proposed box here.");
}

// the chosen proposal, else all of the zoomed picture
export function refuseBoxes() {
  const boxes = boxesOf(current()), only = boxes[state.chosen]?.[4] ? state.chosen : -1;
  state.chosen = -1;
  saveBoxes(boxes.filter((box, number) => !box[4] || (only >= 0 && only !== number)));
}
