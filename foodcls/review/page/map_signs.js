// Gives each picture its sign on the map, by class or by decision: a shape and a color.

import { $, displayName, make, makeButton, redraw } from "./dom.js";
import { map, refreshMap } from "./map.js";
import { state } from "./state.js";

const SHAPES = ["disc", "square", "triangle", "diamond", "star", "wedge"];
export const DECISIONS = { undecided: ["dot", "--quiet", ""], kept: ["tick", "--keep", "✓"], dropped: ["cross", "--drop", "✕"], moved: ["arrow", "--accent", "→"] };
const TURN = 137.5; // degrees between two classes: the hues of neighbors differ

export const signs = { by: "label", lit: "" }; // by class or decision; the one that is shown clearly

const colors = new Map(), sprites = new Map(), known = new Map();

// a color of the page's style, as the canvas takes it
export function color(name) {
  if (!colors.has(name)) {
    const probe = make("i");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    colors.set(name, getComputedStyle(probe).color);
    probe.remove();
  }
  return colors.get(name);
}

export function forgetColors() {
  for (const cache of [colors, sprites, known]) cache.clear();
}

export const decisionOf = ({ keep, given }) => (keep === 0 ? "dropped" : keep === undefined ? "undecided" : given ? "moved" : "kept");

export const kindOf = (picture) => (signs.by === "label" ? picture.label : decisionOf(picture));

function hueOf(label) {
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  return `oklch(${isDark ? 0.76 : 0.58} .15 ${(25 + state.labels.indexOf(label) * TURN) % 360})`;
}

// by class, what is decided has a rim, and what is dropped is a cross of its class's color
export function signOf(picture) {
  const decision = decisionOf(picture), key = `${signs.by} ${decision} ${picture.label}`;
  if (!known.has(key)) known.set(key, makeSign(picture, decision));
  return known.get(key);
}

function signOfDecision(decision) {
  const [shape, tint] = DECISIONS[decision];
  return [shape, color(tint), ""];
}

function makeSign(picture, decision) {
  if (signs.by !== "label") return signOfDecision(decision);
  if (decision === "dropped") return ["cross", hueOf(picture.label), ""];
  return [SHAPES[state.labels.indexOf(picture.label) % SHAPES.length], hueOf(picture.label), decision === "undecided" ? "" : color("--ink")];
}

// a small picture of a sign on a ground, drawn once
export function spriteOf(sign, radius, isFaint = false, ground = "transparent") {
  const key = [...sign, radius, isFaint, ground, devicePixelRatio].join();
  if (!sprites.has(key)) sprites.set(key, drawSprite(sign, radius, isFaint, ground));
  return sprites.get(key);
}

function drawSprite([shape, fill, rim], radius, isFaint, ground) {
  const sprite = make("canvas"), ratio = devicePixelRatio, wide = Math.ceil((2 * radius + 6) * ratio), pen = sprite.getContext("2d", { willReadFrequently: true });
  Object.assign(sprite, { width: wide, height: wide, side: wide / ratio });
  pen.fillStyle = ground;
  pen.fillRect(0, 0, wide, wide);
  if (isFaint) pen.globalAlpha = 0.13;
  pen.setTransform(ratio, 0, 0, ratio, wide / 2, wide / 2);
  Object.assign(pen, { fillStyle: fill, strokeStyle: fill, lineWidth: Math.max(1.6, radius / 2.4), lineCap: "round", lineJoin: "round" });
  pen.beginPath();
  const lines = LINES[shape];
  if (lines) for (const line of lines) line.forEach(([x, y], place) => pen[place ? "lineTo" : "moveTo"](x * radius, y * radius));
  else { outline(pen, shape, radius); pen.fill(); }
  if (rim) Object.assign(pen, { strokeStyle: rim, lineWidth: 1.4 });
  if (rim || lines) pen.stroke();
  return sprite;
}

const LINES = {
  cross: [[[-0.75, -0.75], [0.75, 0.75]], [[0.75, -0.75], [-0.75, 0.75]]],
  tick: [[[-0.9, 0.05], [-0.25, 0.75], [0.95, -0.75]]],
  arrow: [[[-0.95, 0], [0.95, 0]], [[0.2, -0.75], [0.95, 0], [0.2, 0.75]]],
};
const CORNERS = {
  square: [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]],
  triangle: [[0, -1.1], [1.05, 0.8], [-1.05, 0.8]],
  wedge: [[0, 1.1], [1.05, -0.8], [-1.05, -0.8]],
  diamond: [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]],
  star: Array.from({ length: 10 }, (_, point) => {
    const far = point % 2 ? 0.55 : 1.3, angle = (point * Math.PI) / 5;
    return [far * Math.sin(angle), -far * Math.cos(angle)];
  }),
};

function outline(pen, shape, radius) {
  if (!CORNERS[shape]) return pen.arc(0, 0, shape === "dot" ? 0.7 * radius : radius, 0, 7);
  CORNERS[shape].forEach(([x, y], place) => pen[place ? "lineTo" : "moveTo"](x * radius, y * radius));
  pen.closePath();
}

export function drawLegend() {
  const counts = new Map();
  for (const picture of map.pictures) counts.set(kindOf(picture), (counts.get(kindOf(picture)) ?? 0) + 1);
  const kinds = (signs.by === "label" ? state.labels : Object.keys(DECISIONS)).filter((kind) => counts.has(kind));
  $("tint-name").textContent = signs.by === "label" ? "class" : "decision";
  redraw($("legend"), kinds.map((kind) => {
    const button = makeButton("", "");
    button.dataset.kind = kind;
    button.setAttribute("aria-pressed", kind === signs.lit);
    button.append(icon(kind), make("span", "name", displayName(kind)), make("span", "count", String(counts.get(kind))));
    return button;
  }));
}

function icon(kind) {
  const sign = signs.by === "label" ? signOf({ label: kind }) : signOfDecision(kind);
  const sprite = drawSprite(sign, 5, false, "transparent");
  sprite.style.width = sprite.style.height = `${sprite.side}px`;
  return sprite;
}

export function switchTint() {
  // fewer lines below the map would make it jump
  $("legend").style.minHeight = `${$("legend").offsetHeight}px`;
  Object.assign(signs, { by: signs.by === "label" ? "decision" : "label", lit: "" });
  refreshMap();
}

// shows one class, or one decision, clearly; again: all
export function light(kind) {
  signs.lit = signs.lit === kind ? "" : kind;
  refreshMap();
}
