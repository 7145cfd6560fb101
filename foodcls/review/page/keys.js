// Gives each key its action: in the grid, in the zoomed picture, and in the text fields.

import { acceptBoxes, chooseNextBox, drawBoxes, removeChosen } from "./boxes.js";
import { stepClass } from "./classes.js";
import { decide, decideRest, undo } from "./decisions.js";
import { $, toast } from "./dom.js";
import { countColumns, focusCard, goTo, goToUnboxed, setFilter } from "./grid.js";
import { onMap, openMap } from "./map.js";
import { handleMapKey } from "./map_input.js";
import { askLabel, drawNames, guessRest, hideLabel, takeChosen, takeGuess } from "./relabel.js";
import { isAdjusting, newBox, nudge, saveNudges, stopAdjusting } from "./nudge.js";
import { giveReason, hideReasons, reasons } from "./reasons.js";
import { selected, state } from "./state.js";
import { leaveView, openAlike, openDoubts, openSample } from "./views.js";
import { openZoom } from "./zoom.js";

const ZOOM_MOVES = { ArrowLeft: () => state.at - 1, ArrowRight: () => state.at + 1, ArrowUp: () => state.at - 1, ArrowDown: () => state.at + 1 };
const GRID_MOVES = {
  ...ZOOM_MOVES, ArrowUp: () => state.at - countColumns(), ArrowDown: () => state.at + countColumns(),
  PageUp: () => state.at - 3 * countColumns(), PageDown: () => state.at + 3 * countColumns(),
  Home: () => 0, End: () => state.view.length - 1,
};
const COMMON_KEYS = {
  k: () => decide(true), d: () => decide(false), u: undo, a: acceptBoxes, l: askLabel, g: takeGuess, s: openAlike,
  r: () => { if (!$("bar").hidden) $("reason").focus(); }, "?": () => $("help").showModal(),
};
const GRID_KEYS = {
  ...COMMON_KEYS, K: () => decideRest(true), D: () => decideRest(false), G: guessRest, n: openDoubts, c: openSample, m: openMap, "[": () => stepClass(-1), "]": () => stepClass(1),
  f: () => { $("search").focus(); $("search").select(); },
  Enter: () => openZoom(false), b: () => openZoom(true), Escape: stepBack,
};
const ZOOM_KEYS = {
  ...COMMON_KEYS, Enter: () => $("zoom").close(), b: () => { state.boxMode = !state.boxMode; drawBoxes(); },
  " ": goToUnboxed, Delete: removeChosen, Backspace: removeChosen, n: newBox, e: chooseNextBox, Tab: chooseNextBox,
};

export function handleKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  if (event.target.tagName === "INPUT" && event.target.type !== "range") return handleFieldKey(event);
  const zoomed = $("zoom").open;
  // before the next picture is there, or the box is gone
  if (!event.key.startsWith("Arrow") && event.key !== "Shift") saveNudges();
  if (zoomed && isAdjusting() && (event.key.startsWith("Arrow") || event.key === "Escape")) {
    if (event.key === "Escape") stopAdjusting(); else nudge(event.key, event.shiftKey);
    return event.preventDefault();
  }
  // a focused button answers to its own keys
  if (event.target.tagName === "BUTTON" && ["Enter", " ", "Tab"].includes(event.key)) return;
  if ((event.target.type === "range" && event.key.startsWith("Arrow")) || event.target.tagName === "SELECT") return;
  if (event.key === "Tab" && !(zoomed && state.boxMode)) return;
  if (onMap() && !zoomed && handleMapKey(event)) return;
  const move = (zoomed ? ZOOM_MOVES : GRID_MOVES)[event.key];
  const name = event.key.length === 1 && !(event.shiftKey && "KDG".includes(event.key)) ? event.key.toLowerCase() : event.key;
  const action = (zoomed ? ZOOM_KEYS : GRID_KEYS)[name];
  if (move) { hideReasons(); goTo(move(), event.shiftKey && !zoomed); }
  else if (/^[1-9]$/.test(event.key)) explain(Number(event.key));
  else if (action && !(event.repeat && event.key.length === 1)) action();
  else return;
  if (zoomed && event.key === "Escape") return;
  event.preventDefault();
}

// the prompt goes first, then a selection of several, then pictures of all classes
function stepBack() {
  if (!$("bar").hidden) hideReasons(); else if (selected().length > 1) goTo(state.at); else leaveView();
}

// a digit is a reason: of what was dropped last, else of the dropped picture that is current
function explain(number) {
  const dropped = selected().filter((picture) => picture.keep === 0).map((picture) => picture.id);
  if ($("bar").hidden) state.reasonFor = dropped;
  if (!state.reasonFor.length) return toast("1 to 9 say why a picture was dropped; this one is not.");
  const reason = reasons()[number - 1];
  if (reason) giveReason(reason);
}

function handleFieldKey(event) {
  const { key, target } = event, isReason = target === $("reason"), isSearch = target === $("search");
  if (target === $("relabel-name")) return handleNameKey(event);
  if (isReason && key === "Enter") giveReason($("reason").value.trim());
  else if (isSearch && key === "Escape") { $("search").value = ""; setFilter(state.chip, ""); }
  else if (key === "Escape") hideReasons();
  else if (!isSearch || !["Enter", "ArrowDown"].includes(key)) return;
  focusCard();
  event.preventDefault();
}

function handleNameKey(event) {
  const action = { ArrowDown: () => drawNames(1), ArrowUp: () => drawNames(-1), Enter: takeChosen, Escape: hideLabel }[event.key];
  if (!action) return;
  action();
  event.preventDefault();
}
