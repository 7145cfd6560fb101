// Starts the page: binds clicks and keys to actions, then opens the first class with work left.

import { get, hasUnsaved, onChanges } from "./api.js";
import { acceptBoxes, chooseBox, drawBoxes, refuseBoxes, removeBox } from "./boxes.js";
import { openClass, openElsewhere } from "./classes.js";
import { applyAnswer, decide, decideRest, forgetAnswers, undo } from "./decisions.js";
import { $, toast } from "./dom.js";
import { listenForDrags } from "./drag.js";
import { focusCard, goTo, growNearEnd, pick, setFilter } from "./grid.js";
import { handleKey } from "./keys.js";
import { takeAll } from "./map.js";
import { listenToMap } from "./map_input.js";
import { askLabel, drawNames, guessRest, hideLabel, takeGuess, takeName } from "./relabel.js";
import { takeAgain, watchOthers } from "./news.js";
import { saveNudges } from "./nudge.js";
import { giveReason, hideReasons } from "./reasons.js";
import { isLassoed, selected, state } from "./state.js";
import { listenForSweeps } from "./sweep.js";
import { openDoubts, openSample, refreshView } from "./views.js";
import { openZoom } from "./zoom.js";

const onClick = (id, action) => $(id).addEventListener("click", action);

function listen() {
  onChanges({ onAnswer: applyAnswer, onRefusal: async () => { forgetAnswers(); return state.special ? refreshView() : openClass(state.label, true); } });
  document.addEventListener("keydown", handleKey);
  document.addEventListener("keyup", (event) => { if (event.key.startsWith("Arrow")) saveNudges(); });
  // an arrow that is let go in another window is not told here, and a click may leave the picture
  for (const kind of ["blur", "pointerdown"]) window.addEventListener(kind, saveNudges, true);
  window.addEventListener("beforeunload", (event) => { if (hasUnsaved()) event.preventDefault(); });
  window.addEventListener("resize", () => { if ($("zoom").open) drawBoxes(); });
  listenToGrid();
  listenToHeader();
  listenToZoom();
  listenForDrags();
  listenForSweeps();
  listenToMap();
}

function listenToGrid() {
  const grid = $("grid"), cardOf = (event) => event.target.closest(".card");
  const place = (card) => state.view.indexOf(state.byId.get(card.dataset.id));
  onClick("grid", (event) => {
    const card = cardOf(event), button = event.target.closest("button");
    if (!card) return;
    const among = button && !button.matches(".accept, .guess") && selected().length > 1 && card.ariaSelected === "true" && !isLassoed();
    if (!among) {
      hideReasons();
      if ((event.ctrlKey || event.metaKey) && !button) pick(place(card));
      else goTo(place(card), event.shiftKey && !button);
    }
    if (button) ({ accept: acceptBoxes, keepit: () => decide(true), dropit: () => decide(false), labelit: askLabel, guess: takeGuess })[button.className]();
  });
  grid.addEventListener("scroll", growNearEnd, { passive: true });
  grid.addEventListener("dblclick", (event) => { if (cardOf(event) && !event.target.closest("button")) openZoom(false); });
  grid.addEventListener("error", (event) => cardOf(event)?.classList.add("gone"), true);
  $("relabel-name").addEventListener("input", () => drawNames());
  onClick("relabel-names", (event) => { const line = event.target.closest("li"); if (line) takeName(line.dataset.label); });
  // a press on a class leaves the focus in the field
  $("relabel-names").addEventListener("mousedown", (event) => event.preventDefault());
  $("relabel").addEventListener("focusout", (event) => { if (!$("relabel").contains(event.relatedTarget)) $("relabel").hidden = true; });
  onClick("relabel-close", hideLabel);
  onClick("reasons", (event) => { const chip = event.target.closest(".chip"); if (chip) giveReason(chip.dataset.reason); });
}

function listenToHeader() {
  onClick("classes", (event) => { const button = event.target.closest("button"); if (button) openClass(button.dataset.label); });
  $("chooser").addEventListener("change", () => openClass($("chooser").value));
  onClick("chips", (event) => { const chip = event.target.closest(".chip"); if (chip) { setFilter(chip.dataset.chip, state.words); focusCard(); } });
  $("search").addEventListener("input", () => setFilter(state.chip, $("search").value));
  $("size").addEventListener("input", () => document.documentElement.style.setProperty("--wide", `${$("size").value}px`));
  onClick("elsewhere", openElsewhere);
  onClick("doubts", openDoubts);
  onClick("sample", openSample);
  onClick("batch", (event) => {
    const { rest } = event.target.closest("button")?.dataset ?? {};
    if (rest === "labelit") { takeAll(); return askLabel(); }
    if (rest) ({ keepit: () => decideRest(true), dropit: () => decideRest(false), guess: guessRest })[rest]();
    focusCard();
  });
  onClick("undo", undo);
  onClick("lost-restore", () => takeAgain(true));
  onClick("lost-leave", () => takeAgain(false));
  onClick("ask", () => $("help").showModal());
  onClick("help-close", () => $("help").close());
}

function listenToZoom() {
  onClick("close", () => $("zoom").close());
  $("zoom").addEventListener("close", () => { hideReasons(); focusCard(); });
  // back to the picture, or Space would press the button again
  const press = (id, action) => onClick(id, () => { action(); $("stage").focus(); });
  press("keep", () => decide(true));
  press("drop", () => decide(false));
  onClick("label-it", askLabel);
  press("accept", acceptBoxes);
  press("refuse", refuseBoxes);
  press("previous", () => goTo(state.at - 1));
  press("next", () => goTo(state.at + 1));
  onClick("box-list", (event) => {
    const { remove } = event.target.dataset, line = event.target.closest("li");
    if (remove !== undefined) removeBox(Number(remove));
    else if (line) { chooseBox(Number(line.dataset.line), true); $("stage").focus(); }
  });
}

async function start() {
  listen();
  const { title, classes, labels, number, ranks } = await get("classes");
  $("ways").hidden = !ranks; // whoever looks at test pictures is led by nothing
  document.title = `Review ${title}`;
  $("title").textContent = title;
  Object.assign(state, { classes, labels });
  const wanted = decodeURIComponent(location.hash.slice(1));
  const first = classes.find((item) => item.name === wanted) ?? classes.find((item) => item.kept + item.dropped < item.total) ?? classes[0];
  await openClass(first.name);
  watchOthers(number);
}

start().catch((error) => toast(error.message, true));
