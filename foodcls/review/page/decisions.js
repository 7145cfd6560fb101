// Keeps and drops pictures, takes the last change back, and shows what the server answers.

import { send } from "./api.js";
import { drawCard } from "./cards.js";
import { drawClasses, openClass } from "./classes.js";
import { $, toast } from "./dom.js";
import { isDragging } from "./drag.js";
import { goTo, show } from "./grid.js";
import { goOnMap, onMap, showUndone } from "./map.js";
import { clearFilter, drawHeader } from "./header.js";
import { seenOf, tellConflicts } from "./news.js";
import { askReason, hideReasons } from "./reasons.js";
import { boxesOf, current, selected, state } from "./state.js";
import { advance, showBatch } from "./views.js";
import { drawZoom } from "./zoom.js";

const waiting = new Map();

// what waits is older than what the files are asked for anew
export const forgetAnswers = () => waiting.clear();

export function decide(keep) {
  const pictures = selected().filter(Boolean);
  if (!pictures.length) return;
  const why = !keep && pictures.length === 1 ? pictures[0].suspect ?? "" : "";
  const ids = mark(pictures, keep, why);
  if (keep) hideReasons(); else askReason(ids, why);
  goOn(pictures);
}

// to the picture behind the last of these
export function goOn(pictures) {
  if (goOnMap(pictures)) return;
  const end = state.view.indexOf(pictures.at(-1));
  if (end + 1 < state.view.length) goTo(end + 1);
  else {
    goTo(end);
    toast(`The last picture here. ${state.classes.at(-1)?.name === state.label ? "" : "] opens the next class."}`);
  }
}

function mark(pictures, keep, reason) {
  const ids = pictures.map((picture) => picture.id), seen = seenOf(pictures);
  for (const picture of pictures) { Object.assign(picture, { keep: Number(keep), reason }); drawCard(picture); }
  send("decide", { ids, keep, reason, seen });
  return ids;
}

// all that is shown and undecided
export function decideRest(keep) {
  const pictures = state.view.filter((picture) => picture.keep === undefined);
  if (!pictures.length) return toast("Nothing undecided is shown.");
  mark(pictures, keep, "");
  hideReasons();
  toast(`${pictures.length} ${keep ? "kept" : "dropped"}. U takes it back.`);
}

export async function undo() {
  hideReasons();
  const answer = await send("undo", {});
  if (!answer) return;
  if (!answer.pictures.length) return toast("Nothing to undo in this visit.");
  const [first] = answer.pictures;
  if (onMap()) { showUndone(answer.pictures); return tellUndone(answer); }
  if (state.special && !answer.pictures.every(({ id }) => state.byId.has(id))) showBatch({ view: state.special.view, pictures: answer.pictures });
  // batches of test pictures are no classes
  if (first.label !== state.label && state.labels.includes(state.label) && await openClass(first.label) === false) return;
  const place = state.view.findIndex((picture) => picture.id === first.id);
  if (place < 0) { clearFilter(); show(first.id); } else goTo(place);
  tellUndone(answer);
}

function tellUndone(answer) {
  if (answer.stayed.length) return toast(`${answer.stayed.length > 1 ? `${answer.stayed.length} pictures were` : "It was"} changed elsewhere since, and stays so.`, true);
  toast(answer.pictures.length > 1 ? `${answer.pictures.length} pictures are as before.` : "This picture is as before.");
}

// show what a change did: the answer holds the classes and the pictures that it changed
// while further changes are under way their pictures are shown as they will be: an answer then waits
export function applyAnswer(answer, isEarly = false) {
  state.classes = answer.classes;
  for (const picture of answer.pictures) {
    // an answer knows suspicions alone: undo brings back what was guessed, too
    picture.guess ??= state.guesses.get(picture.id);
    waiting.set(picture.id, picture);
  }
  if (!isEarly) { waiting.forEach(updatePicture); waiting.clear(); }
  drawClasses();
  drawHeader();
  advance();
  if (answer.conflicts?.length) tellConflicts(answer.conflicts);
  return answer;
}

function updatePicture({ id, keep, reason, boxes, label, given, guess, suspect, by }) {
  const picture = state.byId.get(id);
  if (!picture) return;
  const chosen = picture === current() && boxesOf(picture)[state.chosen];
  Object.assign(picture, { keep, reason, boxes, label, given, guess, suspect, by });
  // the file has its own order; a box that an arrow has moved since is not in it yet
  const place = chosen ? boxesOf(picture).findIndex((box) => String(box) === String(chosen)) : -1;
  if (chosen && (place >= 0 || !state.adjusting)) state.chosen = place;
  drawCard(picture);
  if ($("zoom").open && current() === picture && !isDragging()) drawZoom();
}
