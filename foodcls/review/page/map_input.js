// Takes the mouse, fingers and keys on the map: lasso, move, zoom, cursor and marks.

import { openClass } from "./classes.js";
import { $, displayName } from "./dom.js";
import { aim, map, markOnly, moveCursor, onMap, openMap, refreshMap, takeAll, toggleMark, widen } from "./map.js";
import { across, camera, down, fitCamera, moveBy, zoomAt } from "./map_camera.js";
import { drawMap, lasso, listenForSize, thumbSide } from "./map_draw.js";
import { decisionOf, forgetColors, light, switchTint } from "./map_signs.js";
import { hideReasons } from "./reasons.js";
import { state } from "./state.js";
import { openZoom } from "./zoom.js";

const CLICK = 5; // pixels; a hand trembles: less than this is a click
const NEAR = 14; // pixels from a sign that still mean it
const STEP = 18; // pixels that an arrow goes at least: from afar the nearest is too near
const ZOOM = 1.5;

const fingers = new Map();
let gesture = null, isMover = false;

const spotOf = (event) => { const box = $("canvas").getBoundingClientRect(); return [event.clientX - box.x, event.clientY - box.y]; };

export function listenToMap() {
  const canvas = $("canvas");
  listenForSize();
  for (const [kind, take] of Object.entries({ pointerdown: press, pointermove: move })) canvas.addEventListener(kind, take);
  // where the map was left meanwhile, a finger is lifted elsewhere
  for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, release);
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("pointerleave", () => { $("map-tip").hidden = true; });
  canvas.addEventListener("dblclick", (event) => { if (pictureAt(...spotOf(event)) >= 0) lookClosely(); });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    // fingers on a pad turn less, and a browser tells that as Ctrl
    zoomAt(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : event.ctrlKey ? 0.01 : 0.002)), ...spotOf(event));
    drawMap();
  }, { passive: false });
  // back on the map, keys mean all that is marked
  canvas.addEventListener("focus", () => { if (onMap()) takeAll(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { forgetColors(); refreshMap(); });
  const back = (id, action) => $(id).addEventListener("click", () => { action(); canvas.focus(); });
  for (const [id, key] of Object.entries({ "map-tool": "h", "map-tint": "o", "map-in": "+", "map-out": "-", "map-all": "0" })) back(id, VIEW_KEYS[key]);
  $("open-map").addEventListener("click", () => { if (onMap()) openClass(state.cameFrom); else openMap(); });
  $("legend").addEventListener("click", (event) => { const button = event.target.closest("button"); if (button) light(button.dataset.kind); });
}

function zoom(factor) {
  zoomAt(factor, across(map.xs[map.at]), down(map.ys[map.at]));
  drawMap();
}

const VIEW_KEYS = {
  "+": () => zoom(ZOOM), "=": () => zoom(ZOOM), "-": () => zoom(1 / ZOOM), 0: () => { fitCamera(); drawMap(); }, o: switchTint,
  h: () => { isMover = !isMover; $("map-tool").setAttribute("aria-pressed", isMover); $("canvas").classList.toggle("mover", isMover); },
  m: () => openClass(state.cameFrom), w: () => widen(true), W: () => widen(false),
};
const CANVAS_KEYS = { " ": () => toggleMark(), Enter: lookClosely };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function lookClosely() {
  aim();
  openZoom(false);
}

// whether the key was one of the map's
export function handleMapKey(event) {
  const isHere = event.target === $("canvas"), name = event.key.toLowerCase() === "w" ? event.key : event.key.toLowerCase();
  const arrow = isHere && ARROWS[event.key], action = VIEW_KEYS[name] ?? (isHere && CANVAS_KEYS[event.key]);
  if (arrow) { hideReasons(); step(...arrow, event.shiftKey); }
  else if (action) action();
  else if (event.key === "Escape" && $("bar").hidden && map.marks.size) { markOnly([]); $("canvas").focus(); }
  // what follows looks at the picture under the cursor
  else { if (isHere && ["s", "b"].includes(event.key)) aim(); return false; }
  event.preventDefault();
  return true;
}

// the nearest picture in that direction
function step(right, below, marksToo) {
  let best = [Infinity, -1];
  for (let number = 0; number < map.xs.length; number += 1) {
    const x = (map.xs[number] - map.xs[map.at]) * camera.scale, y = (map.ys[number] - map.ys[map.at]) * camera.scale;
    const along = x * right + y * below, aside = Math.abs(x * below) + Math.abs(y * right);
    if (along <= 0 || aside > along || along < Math.min(STEP, map.spacing * camera.scale * 4)) continue;
    const far = along + 2 * aside;
    if (far < best[0]) best = [far, number];
  }
  if (best[1] >= 0) moveCursor(best[1], marksToo);
}

// the number of the picture there, or -1
function pictureAt(left, top) {
  const side = thumbSide();
  let best = [side ? Math.max(NEAR, side / 2) : NEAR, -1];
  for (let number = 0; number < map.xs.length; number += 1) {
    const far = Math.max(Math.abs(across(map.xs[number]) - left), Math.abs(down(map.ys[number]) - top));
    if (far < best[0]) best = [far, number];
  }
  return best[1];
}

function press(event) {
  const spot = spotOf(event);
  $("map-tip").hidden = true;
  $("canvas").setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, spot);
  const isMoving = event.button === 1 || event.button === 2 || isMover;
  // a second finger ends what the first began
  gesture = { from: spot, kind: fingers.size > 1 ? "pinch" : isMoving ? "move" : "lasso", button: event.button, moved: fingers.size > 1 };
  lasso.points = gesture.kind === "lasso" ? [spot] : [];
  drawMap();
}

function move(event) {
  const spot = spotOf(event), last = fingers.get(event.pointerId);
  if (!last || !gesture) return point(event, spot);
  if (!gesture.moved && Math.hypot(spot[0] - gesture.from[0], spot[1] - gesture.from[1]) < CLICK) return;
  gesture.moved = true;
  if (gesture.kind === "pinch") return pinch(event.pointerId, spot);
  fingers.set(event.pointerId, spot);
  if (gesture.kind === "move") moveBy(spot[0] - last[0], spot[1] - last[1]);
  else lasso.points.push(spot);
  drawMap();
}

function pinch(id, spot) {
  const middle = () => { const [a, b] = [...fingers.values()]; return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, Math.hypot(a[0] - b[0], a[1] - b[1])]; };
  if (fingers.size < 2) return;
  const [left, top, wide] = middle();
  fingers.set(id, spot);
  const [newLeft, newTop, newWide] = middle();
  moveBy(newLeft - left, newTop - top);
  if (wide && newWide) zoomAt(newWide / wide, newLeft, newTop);
  drawMap();
}

function release(event) {
  if (!fingers.delete(event.pointerId) || !gesture) return;
  const { kind, moved, from, button } = gesture, { points } = lasso;
  lasso.points = [];
  // the other finger of a pinch does nothing until it is lifted
  if (!fingers.size) gesture = null;
  drawMap();
  if (event.type === "pointercancel" || kind === "pinch" || button > 0 || !onMap()) return;
  if (!moved) choose(pictureAt(...from), event);
  else if (kind === "lasso") take(points, event);
}

function choose(number, { shiftKey, ctrlKey, metaKey }) {
  hideReasons();
  if (number < 0) { if (map.marks.size) markOnly([]); }
  else if (shiftKey || ctrlKey || metaKey) toggleMark(number);
  else markOnly([], number);
}

// what is in the lasso is marked; with Shift too, with Ctrl no more
function take(points, { shiftKey, ctrlKey, metaKey }) {
  hideReasons();
  const inside = [];
  for (let number = 0; number < map.xs.length; number += 1) if (isInside(points, across(map.xs[number]), down(map.ys[number]))) inside.push(number);
  const pictures = inside.map((number) => map.pictures[number]);
  const fewer = ctrlKey || metaKey, old = shiftKey || fewer ? [...map.marks] : [], gone = new Set(fewer ? pictures : []);
  markOnly(fewer ? old.filter((picture) => !gone.has(picture)) : [...old, ...pictures], inside[0] ?? map.at);
}

// by how often a line to the right crosses the lasso
function isInside(points, left, top) {
  let inside = false, [x0, y0] = points.at(-1);
  for (const [x1, y1] of points) {
    if ((y0 > top) !== (y1 > top) && left < ((x1 - x0) * (top - y0)) / (y1 - y0) + x0) inside = !inside;
    [x0, y0] = [x1, y1];
  }
  return inside;
}

// what a mouse points at is shown beside it
function point(event, [left, top]) {
  const number = event.pointerType === "mouse" ? pictureAt(left, top) : -1, tip = $("map-tip"), picture = map.pictures[number];
  tip.hidden = !picture;
  if (!picture) return;
  const decision = decisionOf(picture);
  const image = tip.querySelector("img"), source = `thumb/${picture.id}`;
  if (image.getAttribute("src") !== source) image.src = source;
  tip.querySelector("b").textContent = displayName(picture.label);
  tip.querySelector("span").textContent = decision === "undecided" ? picture.suspect ?? "" : picture.reason ? `${decision}: ${picture.reason}` : decision;
  tip.style.left = `${Math.max(0, Math.min(camera.width - tip.offsetWidth, left + 16))}px`;
  tip.style.top = `${Math.max(0, top + 16 + tip.offsetHeight > camera.height ? top - tip.offsetHeight - 12 : top + 16)}px`;
}
