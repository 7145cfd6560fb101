// Draws what stands above the grid: the class, how far it is, and the filters with their counts.

import { $, displayName, make, makeButton, redraw } from "./dom.js";
import { onMap } from "./map.js";
import { hasProposal, state } from "./state.js";
import { drawView } from "./views.js";

const OPTIONAL = new Set(["suspects", "proposed"]); // hidden where they would show nothing

export function drawHeader() {
  $("map").hidden = !onMap();
  if (state.special) { drawView(); return drawFilters(); }
  $("batch").hidden = true;
  const item = state.classes.find((one) => one.name === state.label);
  if (!item) return;
  $("label").textContent = displayName(item.name);
  const left = item.total - item.kept - item.dropped;
  $("progress").replaceChildren(
    make("b", "k", `${item.kept} kept`), " · ", make("b", "d", `${item.dropped} dropped`), ` · ${left} to look at`,
  );
  drawFilters();
}

function filters(pictures = state.pictures) {
  // the chosen one stays, where no picture has it too
  const chosen = state.chip.startsWith("flag ") ? [state.chip.slice(5)] : [];
  const flags = new Set([...chosen, ...pictures.flatMap((picture) => picture.flags ?? [])]);
  return [
    ["all", "All", () => true],
    ["suspects", "Suspects", (picture) => picture.suspect],
    ["undecided", "Undecided", (picture) => picture.keep === undefined],
    ["kept", "Kept", (picture) => picture.keep === 1],
    ["dropped", "Dropped", (picture) => picture.keep === 0],
    ["unboxed", "Without box", (picture) => picture.keep !== 0 && !picture.boxes],
    ["proposed", "Proposed boxes", hasProposal],
    ...[...flags].sort().map((flag) => [`flag ${flag}`, flag, (picture) => picture.flags?.includes(flag)]),
  ];
}

export function drawFilters() {
  const parts = filters().map(([key, name, test]) => {
    const count = state.pictures.filter(test).length;
    if (!count && OPTIONAL.has(key) && state.chip !== key) return "";
    const chip = makeButton("chip");
    chip.dataset.chip = key;
    chip.setAttribute("aria-pressed", key === state.chip);
    chip.append(name, " ", make("span", "", String(count)));
    return chip;
  });
  redraw($("chips"), parts.filter(Boolean));
}

export function clearFilter() {
  Object.assign(state, { chip: "all", words: "" });
  $("search").value = "";
}

// the pictures that the chosen filter and the typed words let through
export function filterPictures(pictures = state.pictures) {
  const [, , test] = filters(pictures).find(([key]) => key === state.chip);
  const words = state.words.toLowerCase().trim();
  const said = (picture) => [picture.suspect, picture.reason, picture.origin, picture.id, ...(picture.flags ?? [])].join("\n").toLowerCase();
  return pictures.filter((picture) => test(picture) && (!words || said(picture).includes(words)));
}
