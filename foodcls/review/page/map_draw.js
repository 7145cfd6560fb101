// Draws the map: signs of pictures, their thumbnails from close by, marks, cursor and lasso.

import { $, displayName } from "./dom.js";
import { map } from "./map.js";
import { across, camera, down, fitCamera } from "./map_camera.js";
import { color, DECISIONS, decisionOf, kindOf, signOf, signs, spriteOf } from "./map_signs.js";
import { putPixels, putStamp, stampOf, startPixels } from "./map_pixels.js";
import { loadThumbs, onThumbs, thumbOf } from "./map_thumbs.js";

const SMALLEST = 24, LARGEST = 128; // pixels of a thumbnail's side
const MOST = 1000; // thumbnails at once: fewer than are kept, or those in sight would push each other out

let isDue = false, ratio = 0; // pixels of the screen in one of the page: another screen may have others

export const lasso = { points: [] }; // in the window, while it is drawn

// once a frame, whatever has changed since
export function drawMap() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => { isDue = false; if (!$("map").hidden) paint(); });
}

export function listenForSize() {
  onThumbs(drawMap);
  new ResizeObserver(() => { takeSize(); drawMap(); }).observe($("canvas"));
}

function takeSize() {
  const canvas = $("canvas"), { clientWidth, clientHeight } = canvas;
  if (!clientWidth) return;
  ratio = devicePixelRatio;
  Object.assign(canvas, { width: clientWidth * ratio, height: clientHeight * ratio });
  Object.assign(camera, { width: clientWidth, height: clientHeight });
  if (!camera.moved) fitCamera();
  forgetStamps();
}

// 0 from too far away
export function thumbSide() {
  const side = 2 * map.spacing * camera.scale;
  return side < SMALLEST ? 0 : Math.min(LARGEST, side);
}

function paint() {
  if (ratio !== devicePixelRatio) takeSize();
  // in memory, whether there is a graphics card or not: without one it is sooner on the screen
  const canvas = $("canvas"), pen = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  startPixels(pen, canvas.width, canvas.height);
  const side = thumbSide(), seen = inSight(side / 2 + 8), large = side ? chooseThumbs(seen, side) : [], isLarge = new Set(large);
  loadThumbs(large.map((number) => map.pictures[number]));
  drawSigns(large.length ? seen.filter((number) => !isLarge.has(number)) : seen);
  putPixels(pen);
  pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  for (const number of large) drawThumb(pen, number, side);
  if (signs.by === "label" && !side) drawNames(pen);
  drawCursor(pen, isLarge.has(map.at) ? side : 0);
  drawLasso(pen);
}

function inSight(margin) {
  const { xs, ys } = map, found = [];
  for (let number = 0; number < xs.length; number += 1) {
    const left = across(xs[number]), top = down(ys[number]);
    if (left > -margin && top > -margin && left < camera.width + margin && top < camera.height + margin) found.push(number);
  }
  return found;
}

// at most one in each square of the map as large as a thumbnail; the others wait as signs below
function chooseThumbs(seen, side) {
  const cell = side / camera.scale, taken = new Set(), chosen = [];
  const isSeen = seen.includes(map.at);
  for (const number of isSeen ? [map.at, ...seen] : seen) {
    const key = Math.floor(map.xs[number] / cell) * 65536 + Math.floor(map.ys[number] / cell);
    if (taken.has(key)) continue;
    taken.add(key);
    chosen.push(number);
    if (chosen.length === MOST) break;
  }
  // the cursor's lies above its neighbors
  return isSeen ? [...chosen.slice(1), map.at] : chosen;
}

const radius = () => Math.max(camera.width < 500 ? 2 : 3, Math.min(6, Math.round(map.spacing * camera.scale * 0.6)));
const isFaint = (picture) => signs.lit && kindOf(picture) !== signs.lit;

// kept from frame to frame, as long as no sign changes
let stamps = [], stampSize = 0;

export function forgetStamps() {
  stamps = [];
}

function drawSigns(numbers) {
  const size = radius(), halo = stampOf(["halo", color("--ground"), color("--accent")], size + 3);
  if (size !== stampSize) { stamps = []; stampSize = size; }
  for (const number of numbers) {
    const picture = map.pictures[number], left = across(map.xs[number]) * devicePixelRatio, top = down(map.ys[number]) * devicePixelRatio;
    if (map.marks.size && map.marks.has(picture)) putStamp(halo, left, top);
    stamps[number] ??= stampOf(signOf(picture), size, isFaint(picture));
    putStamp(stamps[number], left, top);
  }
}

function drawThumb(pen, number, side) {
  const picture = map.pictures[number], { w, h } = picture, longer = Math.max(w, h), bitmap = thumbOf(picture);
  const [wide, high] = [(side * w) / longer, (side * h) / longer], left = across(map.xs[number]) - wide / 2, top = down(map.ys[number]) - high / 2;
  const decision = decisionOf(picture), isMarked = map.marks.has(picture), [, tint] = signOf(picture);
  if (isFaint(picture)) pen.globalAlpha = 0.2;
  pen.fillStyle = isMarked ? color("--accent") : tint;
  const rim = isMarked ? Math.max(3, side / 20) : 1.5;
  pen.fillRect(left - rim, top - rim, wide + 2 * rim, high + 2 * rim);
  pen.fillStyle = color("--well");
  pen.fillRect(left, top, wide, high);
  if (decision === "dropped") pen.globalAlpha *= 0.35;
  if (bitmap) pen.drawImage(bitmap, left, top, wide, high);
  pen.globalAlpha = isFaint(picture) ? 0.2 : 1;
  if (decision !== "undecided") drawGlyph(pen, DECISIONS[decision], left + wide, top, Math.min(20, Math.max(12, side / 4)));
  else if (signs.by === "label") drawBadge(pen, picture, left, top);
  pen.globalAlpha = 1;
}

function drawGlyph(pen, [, tint, text], left, top, size) {
  pen.fillStyle = color(tint);
  pen.beginPath();
  pen.arc(left, top, size / 2, 0, 7);
  pen.fill();
  Object.assign(pen, { fillStyle: color("--ground"), font: `700 ${Math.round(size * 0.68)}px system-ui, sans-serif`, textAlign: "center", textBaseline: "middle" });
  pen.fillText(text, left, top + 1);
}

function drawBadge(pen, picture, left, top) {
  const sprite = spriteOf(signOf(picture), 4);
  pen.fillStyle = color("--ground");
  pen.beginPath();
  pen.arc(left, top, 7, 0, 7);
  pen.fill();
  pen.drawImage(sprite, left - sprite.side / 2, top - sprite.side / 2, sprite.side, sprite.side);
}

// of each class its name, where most of it lies; none over another
function drawNames(pen) {
  const taken = [];
  Object.assign(pen, { font: `600 ${camera.width < 500 ? 11 : 13}px system-ui, sans-serif`, textAlign: "center", textBaseline: "middle", lineJoin: "round", lineWidth: 4, strokeStyle: color("--ground"), fillStyle: color("--ink") });
  for (const { label, x, y } of map.middles) {
    if (signs.lit && signs.lit !== label) continue;
    const text = displayName(label), half = pen.measureText(text).width / 2 + 4;
    const left = Math.max(half, Math.min(camera.width - half, across(x))), top = down(y);
    if (taken.some((box) => Math.abs(box.left - left) < box.half + half && Math.abs(box.top - top) < 18)) continue;
    taken.push({ left, top, half });
    pen.strokeText(text, left, top);
    pen.fillText(text, left, top);
  }
}

function drawCursor(pen, side) {
  const picture = map.pictures[map.at];
  if (!picture) return;
  const left = across(map.xs[map.at]), top = down(map.ys[map.at]);
  for (const [tint, wide] of [["--ground", 5], ["--accent", 2.5]]) {
    Object.assign(pen, { strokeStyle: color(tint), lineWidth: wide });
    pen.beginPath();
    if (side) {
      const longer = Math.max(picture.w, picture.h), [half, high] = [(side * picture.w) / longer / 2 + 5, (side * picture.h) / longer / 2 + 5];
      pen.roundRect(left - half, top - high, 2 * half, 2 * high, 5);
    } else pen.arc(left, top, radius() + 6, 0, 7);
    pen.stroke();
  }
}

function drawLasso(pen) {
  if (lasso.points.length < 2) return;
  pen.beginPath();
  lasso.points.forEach(([left, top], place) => pen[place ? "lineTo" : "moveTo"](left, top));
  pen.closePath();
  Object.assign(pen, { fillStyle: color("--accent"), strokeStyle: color("--accent"), lineWidth: 2, globalAlpha: 0.14 });
  pen.fill();
  pen.globalAlpha = 1;
  pen.setLineDash([6, 4]);
  pen.stroke();
  pen.setLineDash([]);
}
