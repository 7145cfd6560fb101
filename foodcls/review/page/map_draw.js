// Draws the map: signs of pictures, their thumbnails from close by, marks, cursor and lasso.

import { $, displayName } from "./dom.js";
import { map } from "./map.js";
import { across, camera, down, fitCamera } from "./map_camera.js";
import { color, decisionOf, kindOf, signOf, signs, spriteOf } from "./map_signs.js";
import { loadThumbs, onThumbs, thumbOf } from "./map_thumbs.js";
import { state } from "./state.js";

const SMALLEST = 24, LARGEST = 128; // pixels of a thumbnail's side
const GLYPHS = { kept: ["✓", "--keep"], dropped: ["✕", "--drop"], moved: ["→", "--accent"] };

let isDue = false;

export const lasso = { points: [] }; // in the window, while it is drawn

// once a frame, whatever has changed since
export function drawMap() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => { isDue = false; if (!$("map").hidden) paint(); });
}

export function listenForSize() {
  onThumbs(drawMap);
  new ResizeObserver(() => {
    const canvas = $("canvas"), { clientWidth, clientHeight } = canvas;
    if (!clientWidth) return;
    Object.assign(canvas, { width: clientWidth * devicePixelRatio, height: clientHeight * devicePixelRatio });
    Object.assign(camera, { width: clientWidth, height: clientHeight });
    if (!camera.moved) fitCamera();
    drawMap();
  }).observe($("canvas"));
}

// 0 from too far away
export function thumbSide() {
  const side = 2 * map.spacing * camera.scale;
  return side < SMALLEST ? 0 : Math.min(LARGEST, side);
}

function paint() {
  const pen = $("canvas").getContext("2d", { alpha: false }), { width, height } = camera;
  pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  pen.fillStyle = color("--ground");
  pen.fillRect(0, 0, width, height);
  const side = thumbSide(), seen = inSight(side / 2 + 8), large = side ? chooseThumbs(seen, side) : [], isLarge = new Set(large);
  loadThumbs(large.map((number) => map.pictures[number]));
  for (const number of seen) if (!isLarge.has(number)) drawSign(pen, number);
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
  }
  // the cursor's lies above its neighbors
  return isSeen ? [...chosen.slice(1), map.at] : chosen;
}

const radius = () => Math.max(camera.width < 500 ? 2 : 3, Math.min(6, Math.round(map.spacing * camera.scale * 0.6)));
const isFaint = (picture) => signs.lit && kindOf(picture) !== signs.lit;

function drawSign(pen, number) {
  const picture = map.pictures[number], left = across(map.xs[number]), top = down(map.ys[number]);
  const put = (sprite) => pen.drawImage(sprite, left - sprite.side / 2, top - sprite.side / 2, sprite.side, sprite.side);
  if (isFaint(picture)) pen.globalAlpha = 0.12;
  if (map.marks.has(picture)) put(spriteOf(["halo", color("--ground"), color("--accent")], radius() + 3));
  put(spriteOf(signOf(picture), radius()));
  pen.globalAlpha = 1;
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
  if (GLYPHS[decision]) drawGlyph(pen, GLYPHS[decision], left + wide, top, Math.min(20, Math.max(12, side / 4)));
  else if (signs.by === "label") drawBadge(pen, picture, left, top);
  pen.globalAlpha = 1;
}

function drawGlyph(pen, [text, tint], left, top, size) {
  pen.fillStyle = color(tint);
  pen.beginPath();
  pen.arc(left, top, size / 2, 0, 7);
  pen.fill();
  Object.assign(pen, { fillStyle: color("--ground"), font: `700 ${Math.round(size * 0.68)}px system-ui, sans-serif`, textAlign: "center", textBaseline: "middle" });
  pen.fillText(text, left, top + 1);
}

function drawBadge(pen, picture, left, top) {
  const sprite = spriteOf(signOf(picture), 5);
  pen.fillStyle = color("--ground");
  pen.beginPath();
  pen.arc(left, top, 8, 0, 7);
  pen.fill();
  pen.drawImage(sprite, left - sprite.side / 2, top - sprite.side / 2, sprite.side, sprite.side);
}

// of each class its name, where most of it lies; none over another
function drawNames(pen) {
  const taken = [];
  Object.assign(pen, { font: "600 13px system-ui, sans-serif", textAlign: "center", textBaseline: "middle", lineJoin: "round", lineWidth: 4, strokeStyle: color("--ground"), fillStyle: color("--ink") });
  for (const label of state.labels) {
    const members = map.pictures.flatMap((picture, number) => (picture.label === label ? [number] : []));
    if (!members.length || (signs.lit && signs.lit !== label)) continue;
    const middle = (places) => members.map((number) => places[number]).sort((a, b) => a - b)[Math.floor(members.length / 2)];
    const text = displayName(label), half = pen.measureText(text).width / 2 + 4;
    const left = Math.max(half, Math.min(camera.width - half, across(middle(map.xs)))), top = down(middle(map.ys));
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
