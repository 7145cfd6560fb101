// Shows the current picture large, with what is known about it.

import { drawBoxes } from "./boxes.js";
import { $, displayName, make } from "./dom.js";
import { hideReasons } from "./reasons.js";
import { current, state } from "./state.js";

export function openZoom(boxMode) {
  if (!current()) return;
  state.boxMode = boxMode;
  if (!$("zoom").open) $("zoom").showModal();
  hideReasons();
  openPicture();
}

export function openPicture() {
  const picture = current();
  Object.assign(state, { chosen: -1, adjusting: false });
  $("large").src = `picture/${picture.id}`;
  $("large").alt = displayName(picture.label);
  $("boxes").setAttribute("viewBox", `0 0 ${picture.w} ${picture.h}`);
  for (const near of [state.view[state.at + 1], state.view[state.at - 1]]) if (near) new Image().src = `picture/${near.id}`;
  drawZoom();
}

export function drawZoom() {
  const picture = current(), keep = picture.keep;
  $("zoom-label").textContent = displayName(picture.label);
  $("zoom-state").className = keep === 0 ? "drop" : keep === 1 ? "keep" : "";
  $("zoom-state").textContent = (keep === 0 ? `✕ dropped${picture.reason ? `: ${picture.reason}` : ""}` : keep === 1 ? "✓ kept" : "undecided") + (picture.by ? ` by ${picture.by}` : "");
  $("place").textContent = `${state.at + 1} / ${state.view.length}`;
  $("about").replaceChildren(...facts(picture).flatMap(([name, text, kind]) => [make("dt", "", name), make("dd", kind, text)]));
  drawBoxes();
}

function facts(picture) {
  const told = [["size", `${picture.w} × ${picture.h} pixels`], ["from", picture.origin], ["id", picture.id.slice(0, 16)]];
  if (picture.given) told.unshift(["found as", displayName(picture.given)]);
  if (picture.suspect) told.unshift(["look", picture.suspect, "suspect"]);
  if (picture.flags) told.push(["flags", picture.flags.join(", ")]);
  if (picture.copies) told.push(["copies", `${picture.copies} at other addresses`]);
  return told;
}
