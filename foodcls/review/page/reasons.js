// Offers reasons for the pictures that were dropped last, and sends the one that is chosen.

import { send } from "./api.js";
import { drawCard } from "./cards.js";
import { $, make, makeButton } from "./dom.js";
import { seenOf } from "./news.js";
import { current, state } from "./state.js";

const REASONS = ["wrong class", "several things", "drawing or logo", "text or screenshot", "blurred or tiny", "unclear", "unrelated"];

// the drop is in the file already: a reason may follow, or not
export function askReason(ids, why) {
  state.reasonFor = ids;
  $("bar-text").replaceChildren("Dropped", ids.length > 1 ? ` ${ids.length}: ` : ": ", make("b", "", why || "why?"));
  $("reason").value = "";
  $("reasons").replaceChildren(...reasons().map((reason, number) => {
    const chip = makeButton("chip");
    chip.dataset.reason = reason;
    chip.setAttribute("aria-pressed", reason === why);
    chip.append(make("kbd", "", String(number + 1)), reason);
    return chip;
  }));
  if ($("zoom").open) $("box-help").after($("bar")); else document.querySelector("main").append($("bar"));
  $("bar").hidden = false;
}

// the same seven under the same digits, then two that this class has been given
export function reasons() {
  const used = new Map();
  for (const { keep, reason } of state.pictures) {
    if (keep === 0 && reason && !REASONS.includes(reason)) used.set(reason, (used.get(reason) ?? 0) + 1);
  }
  const often = [...used].sort((a, b) => b[1] - a[1]).map(([reason]) => reason);
  return [...REASONS, ...often.slice(0, 2)];
}

// to those that nobody has kept meanwhile
export function giveReason(reason) {
  const pictures = state.reasonFor.map((id) => state.byId.get(id)).filter((picture) => picture?.keep === 0), seen = seenOf(pictures);
  for (const picture of pictures) { picture.reason = reason; drawCard(picture); }
  if (pictures.length) send("decide", { ids: pictures.map(({ id }) => id), keep: false, reason, seen });
  hideReasons();
}

export function hideReasons() {
  $("bar").hidden = true;
  state.reasonFor = [];
  if (document.activeElement === $("reason")) current()?.card.focus({ preventScroll: true });
}
