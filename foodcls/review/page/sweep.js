// Selects a range of pictures by dragging over them with the mouse.

import { $ } from "./dom.js";
import { goTo } from "./grid.js";
import { state } from "./state.js";

let from = -1, swept = false;

const placeOf = (event) => {
  const card = document.elementFromPoint(event.clientX, event.clientY)?.closest(".card");
  return card ? state.view.indexOf(state.byId.get(card.dataset.id)) : -1;
};

export function listenForSweeps() {
  const grid = $("grid");
  grid.addEventListener("pointerdown", (event) => {
    // a finger scrolls
    const isStart = event.button === 0 && event.pointerType === "mouse" && !event.target.closest("button") && !event.shiftKey && !event.ctrlKey;
    [from, swept] = [isStart ? placeOf(event) : -1, false];
  });
  grid.addEventListener("dragstart", (event) => event.preventDefault());
  grid.addEventListener("pointermove", (event) => {
    const place = from < 0 || !(event.buttons & 1) ? -1 : placeOf(event);
    if (place < 0 || (place === from && !swept)) return;
    if (!swept) goTo(from);
    swept = true;
    goTo(place, true);
  });
  // the click that ends a sweep is none
  grid.addEventListener("click", (event) => { if (swept) event.stopPropagation(); swept = false; from = -1; }, true);
}
