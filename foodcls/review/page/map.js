// Opens the map of all pictures, and holds what is on it: where each lies, and which are marked.

import { get } from "./api.js";
import { $, displayName, toast } from "./dom.js";
import { goTo, show } from "./grid.js";
import { clearFilter } from "./header.js";
import { camera, fitCamera, reveal } from "./map_camera.js";
import { drawMap, forgetStamps } from "./map_draw.js";
import { drawLegend } from "./map_signs.js";
import { current, isLassoed, state } from "./state.js";
import { enterView, openAcross } from "./views.js";

const EVERY = 400; // milliseconds between two questions while the layout is under way
const REACH = 8; // pictures that the first step marks around the cursor

export const map = {
  pictures: [], of: "", xs: [], ys: [], spacing: 0.01, // 0 to 1, and what lies between a picture and its nearest, mostly
  numbers: new Map(), // of each picture, its place in these
  marks: new Set(), at: 0, // marked pictures, and the number of that under the cursor
  reach: 0, before: null, // how many were marked around the cursor, and what was marked before
  middles: [], // of each class, where its name stands
  told: "", // what is missing on it
};

let timer = 0;

export const onMap = () => state.special?.view === "map";

export function openMap() {
  return openAcross(() => "map?pictures=1", (answer, from) => {
    if (!answer.pictures.length) return toast("No picture here was ranked yet; run `foodcls suspects` first.", true);
    takePictures(answer);
    enterView({ view: "map" }, map.pictures, from);
    state.fromMap = false;
    showMarked();
    takeSpots(answer);
    $("canvas").focus();
  });
}

function takePictures({ pictures, of, unknown, left_out: leftOut }) {
  const marked = new Set([...map.marks].map(({ id }) => id)), cursor = map.pictures[map.at]?.id;
  Object.assign(map, { pictures, of });
  map.numbers = new Map(pictures.map((picture, number) => [picture, number]));
  map.marks = new Set(pictures.filter(({ id }) => marked.has(id)));
  map.at = Math.max(0, pictures.findIndex(({ id }) => id === cursor));
  const missing = [unknown && `${unknown} are new since \`foodcls suspects\``, leftOut && `of ${pictures.length + leftOut} these by chance`];
  map.told = missing.filter(Boolean).join("; ");
}

function takeSpots({ spots, share, grain, problem }) {
  map.xs = Float32Array.from(map.pictures, (_, number) => spots[2 * number] / grain);
  map.ys = Float32Array.from(map.pictures, (_, number) => spots[2 * number + 1] / grain);
  map.spacing = measureSpacing();
  $("unfolding").hidden = share === 1;
  $("unfolded").value = share;
  if (!camera.moved) fitCamera();
  refreshMap();
  clearTimeout(timer);
  if (share < 1) timer = setTimeout(askSpots, EVERY);
  if (problem) toast(`The map stays as it was first laid out: ${problem}`, true);
}

async function askSpots() {
  if (!onMap()) return;
  try {
    const { pictures } = map, answer = await get("map");
    if (!onMap() || pictures !== map.pictures) return;
    // others are ranked by now
    if (answer.of === map.of) takeSpots(answer); else openMap();
  } catch (error) {
    // where the command no longer runs, that is told elsewhere, until it does
    if (error instanceof TypeError) timer = setTimeout(askSpots, EVERY);
    else { $("unfolding").hidden = true; toast(error.message, true); }
  }
}

// of some pictures the middle distance to the nearest other, on the map
function measureSpacing() {
  const { xs, ys } = map, step = Math.max(1, Math.floor(xs.length / 200)), found = [];
  for (let one = 0; one < xs.length; one += step) {
    let best = Infinity;
    for (let other = 0; other < xs.length; other += 1) {
      const far = (xs[one] - xs[other]) ** 2 + (ys[one] - ys[other]) ** 2;
      if (far > 0 && far < best) best = far;
    }
    if (best < Infinity) found.push(Math.sqrt(best));
  }
  return found.sort((a, b) => a - b)[Math.floor(found.length / 2)] || 0.01;
}

// the grid beside the map shows what is marked, or else the picture under the cursor: seen there,
// one key pressed on the map decides about all of them
export function showMarked() {
  const { marks, pictures, at } = map, shown = marks.size ? pictures.filter((picture) => marks.has(picture)) : [pictures[at]];
  const order = (picture) => state.labels.indexOf(picture.label);
  state.pictures = shown.sort((a, b) => order(a) - order(b));
  clearFilter();
  show(pictures[at].id);
  takeAll();
  say();
  drawMap();
}

export function takeAll() {
  state.lasso = map.marks.size ? new Set(state.view) : null;
  if (state.lasso) goTo(state.at, false, state.lasso);
}

export function markOnly(pictures, at = map.at) {
  Object.assign(map, { marks: new Set(pictures), at, reach: 0 });
  showMarked();
}

export function moveCursor(number, marksToo = false) {
  if (marksToo) map.marks.add(map.pictures[map.at]).add(map.pictures[number]);
  const shows = marksToo || !map.marks.size;
  Object.assign(map, { at: number, reach: 0 });
  reveal(map.xs[number], map.ys[number]);
  if (shows) showMarked(); else { say(); drawMap(); }
}

export function toggleMark(number = map.at) {
  const picture = map.pictures[number];
  if (!map.marks.delete(picture)) map.marks.add(picture);
  Object.assign(map, { at: number, reach: 0 });
  showMarked();
}

// those around the cursor too: twice as many with each step
export function widen(isWider) {
  if (!map.reach) map.before = new Set(map.marks);
  map.reach = isWider ? Math.max(REACH, 2 * map.reach) : Math.floor(map.reach / 2);
  if (map.reach < REACH) map.reach = 0;
  const near = nearest().slice(0, map.reach).map((number) => map.pictures[number]);
  map.marks = new Set([...map.before, ...near]);
  showMarked();
}

// the numbers of all pictures, from the cursor outwards
function nearest() {
  const { xs, ys, at } = map, far = (number) => (xs[number] - xs[at]) ** 2 + (ys[number] - ys[at]) ** 2;
  return Array.from(xs, (_, number) => [far(number), number]).sort((a, b) => a[0] - b[0]).map(([, number]) => number);
}

// the picture under the cursor alone, for what looks at one picture
export function aim() {
  const picture = map.pictures[map.at];
  if (!state.view.includes(picture)) { state.pictures = [picture]; show(picture.id); }
  goTo(state.view.indexOf(picture));
}

// the cursor goes where the grid beside the map goes
export function followGrid() {
  const number = map.numbers.get(current());
  if (number !== undefined && document.activeElement !== $("canvas")) Object.assign(map, { at: number, reach: 0 });
  drawMap();
}

// what is on it has changed
export function refreshMap() {
  map.middles = findMiddles();
  forgetStamps();
  drawLegend();
  drawMap();
}

// where most of each class lies
function findMiddles() {
  const members = new Map(state.labels.map((label) => [label, []]));
  map.pictures.forEach(({ label }, number) => members.get(label)?.push(number));
  const middle = (places, numbers) => Float32Array.from(numbers, (number) => places[number]).sort()[numbers.length >> 1];
  return [...members].filter(([, numbers]) => numbers.length).map(([label, numbers]) => ({ label, x: middle(map.xs, numbers), y: middle(map.ys, numbers) }));
}

// after a decision; whether that was all: a picture alone is followed by the nearest undecided one
export function goOnMap(pictures) {
  if (!onMap() || (map.marks.size && !isLassoed())) return false;
  if (map.marks.size) {
    toast(`${pictures.length} decided together. U takes it back, Esc lets go of them.`);
    return true;
  }
  const next = nearest().find((number) => map.pictures[number].keep === undefined);
  if (next === undefined) toast("Nothing on the map is undecided."); else moveCursor(next);
  return true;
}

// what was taken back is marked again; where it is one of those that are, these stay
export function showUndone(pictures) {
  const found = pictures.map(({ id }) => state.byId.get(id)).filter(Boolean);
  if (!found.length) return;
  const at = map.numbers.get(found[0]), isAmong = found.every((picture) => map.marks.has(picture)) && found.length < map.marks.size;
  if (isAmong) return goTo(state.view.indexOf(found[0]));
  markOnly(found.length > 1 ? found : [], at);
  reveal(map.xs[at], map.ys[at]);
}

const stateOf = ({ keep, reason }) => (keep === 0 ? `dropped${reason ? `, ${reason}` : ""}` : keep === 1 ? "kept" : "undecided");

// for ears
function say() {
  const picture = map.pictures[map.at];
  $("map-said").textContent = `${displayName(picture.label)}, ${stateOf(picture)}${map.marks.has(picture) ? ", marked" : ""}; ${map.marks.size} marked`;
}
