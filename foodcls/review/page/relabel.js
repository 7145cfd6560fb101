// Moves pictures to another class: to the one that is typed or chosen, or to the one that is guessed.

import { send } from "./api.js";
import { drawCard } from "./cards.js";
import { goOn } from "./decisions.js";
import { $, displayName, make, toast } from "./dom.js";
import { focusCard } from "./grid.js";
import { seenOf } from "./news.js";
import { hideReasons } from "./reasons.js";
import { selected, state } from "./state.js";

let pictures = [], chosen = 0;

export function askLabel() {
  pictures = selected().filter(Boolean);
  if (!pictures.length) return;
  hideReasons();
  if ($("zoom").open) $("box-help").after($("relabel")); else document.querySelector("main").append($("relabel"));
  $("relabel-text").textContent = pictures.length > 1 ? `${pictures.length} pictures show:` : "It shows:";
  $("relabel-name").value = "";
  $("relabel").hidden = false;
  drawNames();
  $("relabel-name").focus();
}

export function hideLabel() {
  if ($("relabel").hidden) return;
  $("relabel").hidden = true;
  if ($("zoom").open) $("stage").focus(); else focusCard();
}

// those that are typed, each word anywhere; before any letter the probable ones stand first
function matches() {
  const words = $("relabel-name").value.toLowerCase().split(/[\s_]+/).filter(Boolean);
  const [{ guess, rivals, given }] = pictures, likely = [guess, ...(rivals ?? []), given].filter(Boolean);
  const names = [...new Set([...likely, ...state.labels])];
  // Enter alone does not say what is said already
  if (!words.length && pictures.every((picture) => picture.label === pictures[0].label)) names.push(...names.splice(names.indexOf(pictures[0].label), 1));
  const found = names.filter((name) => words.every((word) => name.toLowerCase().includes(word)));
  const starts = (name) => words.length && name.toLowerCase().startsWith(words[0]);
  return [...found.filter(starts), ...found.filter((name) => !starts(name))];
}

export function drawNames(step = 0) {
  const names = matches();
  chosen = step ? Math.max(0, Math.min(names.length - 1, chosen + step)) : 0;
  const lines = names.map((name, number) => {
    const line = make("li", "", displayName(name));
    Object.assign(line, { id: `class-${number}`, role: "option", ariaSelected: String(number === chosen) });
    line.dataset.label = name;
    if (pictures.every((picture) => picture.label === name)) line.append(make("span", "quiet", " as now"));
    return line;
  });
  $("relabel-names").replaceChildren(...lines);
  $("relabel-none").hidden = names.length > 0;
  $("relabel-name").setAttribute("aria-activedescendant", names.length ? `class-${chosen}` : "");
  lines[chosen]?.scrollIntoView({ block: "nearest" });
}

export function takeChosen() {
  const line = $("relabel-names").children[chosen];
  if (line) relabel(pictures, line.dataset.label);
}

export function takeName(name) {
  relabel(pictures, name);
}

// of several pictures those that look like the same class as the first
export function takeGuess() {
  const all = selected(), guess = all[0]?.guess;
  if (!guess) return toast("No class is guessed for this picture. L lists all classes.");
  relabel(all.filter((picture) => picture.guess === guess), guess);
}

// each picture that is shown and undecided gets the class that is guessed for it
export function guessRest() {
  const guessed = state.view.filter((picture) => picture.keep === undefined && picture.guess);
  if (!guessed.length) return toast("No class is guessed for what is shown and undecided.");
  const labels = Object.fromEntries(guessed.map((picture) => [picture.id, picture.guess])), seen = seenOf(guessed);
  for (const picture of guessed) move(picture, picture.guess);
  hideReasons();
  send("labels", { labels, seen });
  toast(`${guessed.length} moved to the class guessed. U takes it back.`);
}

function move(picture, label) {
  const found = picture.given ?? picture.label;
  Object.assign(picture, { keep: 1, reason: "", label, given: found === label ? undefined : found });
  drawCard(picture);
}

function relabel(moved, label) {
  const seen = seenOf(moved);
  hideLabel();
  hideReasons();
  for (const picture of moved) move(picture, label);
  send("decide", { ids: moved.map((picture) => picture.id), keep: true, reason: "", label, seen });
  goOn(moved);
}
