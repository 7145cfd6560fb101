// Turns places on the map into places in the window: zooms, moves and fits.

import { map } from "./map.js";

const MARGIN = 24; // pixels that stay free around what is fitted or followed
const FURTHEST = 180; // pixels between a picture and its nearest, at which zooming in ends

export const camera = { x: 0.5, y: 0.5, scale: 600, moved: false, width: 600, height: 600 };

export const across = (x) => (x - camera.x) * camera.scale + camera.width / 2;
export const down = (y) => (y - camera.y) * camera.scale + camera.height / 2;
const placeAt = (left, top) => [(left - camera.width / 2) / camera.scale + camera.x, (top - camera.height / 2) / camera.scale + camera.y];

// above are the tools
const TOOLS = 52;

const fitting = () => Math.max(50, Math.min(camera.width - 2 * MARGIN, camera.height - TOOLS - MARGIN));

export function fitCamera() {
  const scale = fitting();
  Object.assign(camera, { x: 0.5, y: 0.5 - (TOOLS - MARGIN) / 2 / scale, scale, moved: false });
}

// what is there stays under the pointer
export function zoomAt(factor, left = camera.width / 2, top = camera.height / 2) {
  const [x, y] = placeAt(left, top);
  const closest = Math.max(4 * fitting(), FURTHEST / map.spacing);
  camera.scale = Math.max(fitting() / 2, Math.min(closest, camera.scale * factor));
  camera.x = x - (left - camera.width / 2) / camera.scale;
  camera.y = y - (top - camera.height / 2) / camera.scale;
  keep();
}

export function moveBy(left, top) {
  camera.x -= left / camera.scale;
  camera.y -= top / camera.scale;
  keep();
}

// never so far that nothing of the map is in the window
function keep() {
  Object.assign(camera, { x: Math.max(0, Math.min(1, camera.x)), y: Math.max(0, Math.min(1, camera.y)), moved: true });
}

// move until this place is in the window
export function reveal(x, y) {
  const short = (place, length) => Math.min(0, place - MARGIN) + Math.max(0, place + MARGIN - length);
  const [left, top] = [short(across(x), camera.width), short(down(y), camera.height)];
  if (left || top) moveBy(-left, -top);
}
