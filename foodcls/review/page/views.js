// Opens pictures of all classes: the most doubtful ones, look-alikes, a chance sample.

import { getSaved } from "./api.js";
import { drawClasses, openClass } from "./classes.js";
import { $, make, makeButton, redraw, toast } from "./dom.js";
import { countColumns, show } from "./grid.js";
import { clearFilter } from "./header.js";
import { hideReasons } from "./reasons.js";
import { map, onMap, openMap, refreshMap } from "./map.js";
import { current, state, takeTurn } from "./state.js";

const TITLES = { doubts: "Most doubtful", alike: "More like this", sample: "By chance", map: "Map" };

// as many as are seen without scrolling
function screenful() {
  const grid = $("grid"), wide = parseFloat(getComputedStyle(grid).gridTemplateColumns), line = 1.4 * parseFloat(getComputedStyle(grid).fontSize);
  // a card has a line above its picture, and one below
  const rows = Math.floor((grid.clientHeight - 30) / ((3 / 4) * wide + 2 * line + 16));
  return Math.max(12, Math.min(200, countColumns() * Math.max(1, rows)));
}

export const openDoubts = () => open("doubts");
export const openSample = () => open("sample");

export function openAlike() {
  const picture = current();
  if (!picture) return;
  if ($("zoom").open) $("zoom").close();
  open("alike", `&id=${picture.id}`);
}

function open(kind, more = "") {
  const path = () => {
    $("grid").classList.add("dense"); // before it is measured
    return `${kind}?size=${screenful()}${more}`;
  };
  return openAcross(path, (answer, from) => {
    state.fromMap ||= onMap();
    showBatch({ ...answer, view: kind }, from);
    if (!answer.pictures.length) toast("Nothing is left to look at.");
  });
}

// asks for pictures of all classes and shows them, unless something else was opened meanwhile; false where it failed
export async function openAcross(path, take) {
  if ($("ways").hidden) return;
  const isMine = takeTurn(), from = state.label || state.cameFrom || state.classes[0].name;
  try {
    const answer = await getSaved(path());
    if (isMine()) take(answer, from);
  } catch (error) {
    if (!isMine()) return;
    $("grid").classList.toggle("dense", Boolean(state.special));
    toast(error.message, true);
    return false;
  }
}

export function showBatch(batch, from = state.cameFrom) {
  const { pictures } = batch;
  enterView(batch, pictures, from);
  state.pictures = pictures;
  clearFilter();
  show(pictures[0]?.id);
}

export function enterView(special, pictures, cameFrom) {
  Object.assign(state, { label: "", special, cameFrom });
  state.byId = new Map(pictures.map((picture) => [picture.id, picture]));
  for (const { id, guess } of pictures) if (guess) state.guesses.set(id, guess);
  $("grid").classList.add("dense");
  hideReasons();
  drawClasses();
}

// back to the class, or to the map, from which they were opened
export async function leaveView() {
  if (state.special) return state.fromMap ? openMap() : openClass(state.cameFrom);
}

export function refreshView() {
  if (onMap()) return openMap();
  return state.special.view === "alike" ? leaveView() : open(state.special.view);
}

// once all that is shown is decided, the next ones come
export function advance() {
  const { special, pictures } = state;
  if (["doubts", "sample"].includes(special?.view) && pictures.length && pictures.every((picture) => picture.keep !== undefined)) open(special.view);
}

export function drawView() {
  const { special, pictures } = state, left = pictures.filter((picture) => picture.keep === undefined);
  if (onMap()) refreshMap();
  $("label").textContent = TITLES[special.view];
  $("progress").replaceChildren(...told(special, pictures));
  const rest = onMap() && left.length === pictures.length ? `all ${left.length}` : `the other ${left.length}`;
  const acts = { drop: ["⇧D", `Drop ${rest}`, "dropit"], relabel: ["⇧G", `All ${left.length} are as guessed`, "guess"], look: ["⇧K", `Keep ${rest}`, "keepit"], name: ["L", "Class", "labelit"] };
  const kinds = { alike: ["drop", "look"], map: map.marks.size ? [...(left.length ? ["drop", "look"] : []), "name"] : [] }[special.view] ?? [special.kind ?? "look"];
  $("batch").hidden = !left.length && !onMap();
  redraw($("batch"), [make("span", "", hint(special, left.length)), ...kinds.map((kind) => {
    const [key, text, name] = acts[kind], button = makeButton("chip");
    button.dataset.rest = name;
    button.append(make("kbd", "", key), ` ${text}`);
    return button;
  })]);
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

function told({ view, left, looked, wrong, low, high, done, enough, kind }, pictures) {
  if (view === "map") return [`${map.pictures.length} pictures, near their like`, map.marks.size ? make("b", "", ` · ${map.marks.size} marked`) : "", map.told && ` (${map.told})`];
  if (view === "alike") return [`${pictures.length} pictures of any class, the nearest first`];
  if (view === "doubts") return [kind ? `${left} pictures are undecided` : `${pictures.length} as before`];
  if (!looked) return ["What is wrong among those that are left is estimated from these."];
  const share = `${wrong} of ${looked} looked at by chance were wrong: ${percent(low)} to ${percent(high)} of the ${left} that are left`;
  return [done ? make("b", "k", "✓ Probably done. ") : "", share, done ? `, below ${percent(enough)}.` : `; done below ${percent(enough)}.`];
}

function hint({ view, kind }, left) {
  if (view === "alike") return "Shift-click or drag selects several; K and D decide about them.";
  if (view === "map" && map.marks.size) return left ? "Click Keep on what belongs, then drop the others." : "All that are marked are decided.";
  if (view === "map") return "Draw round pictures to mark them; wheel or two fingers zoom, the right button or Hand moves.";
  return { drop: "Probably all to drop. Click Keep on what belongs.", relabel: "Probably of the class named on each. Click Keep, Drop or Class on the others." }[kind] ?? "Click on the class guessed, Class or Drop where it is wrong.";
}
