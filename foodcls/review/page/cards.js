// Draws the card of each picture in the grid: its thumbnail, mark, boxes and note.

import { $, displayName, makeButton, makeSvg } from "./dom.js";
import { hasProposal, state } from "./state.js";

// a card is made when it is first shown: thousands at once would take a second
export function cardOf(picture) {
  if (!picture.card) {
    picture.card = buildCard(picture);
    drawCard(picture);
  }
  return picture.card;
}

function buildCard(picture) {
  const card = $("card").content.firstElementChild.cloneNode(true);
  // of several classes each picture names its own
  if (state.special) card.dataset.label = displayName(picture.label);
  card.dataset.id = picture.id;
  card.id = `p-${picture.id}`;
  card.querySelector("img").src = `thumb/${picture.id}`;
  if (picture.copies) {
    const copies = card.querySelector(".copies");
    copies.textContent = `copies: ${picture.copies}`;
    copies.hidden = false;
  }
  if (picture.group) {
    card.classList.add("group");
    card.querySelector(".alike").hidden = false;
    card.style.setProperty("--hue", `oklch(.68 .16 ${parseInt(picture.group.slice(0, 6), 16) % 360})`);
  }
  return card;
}

export function drawCard(picture) {
  const { card } = picture;
  if (!card) return;
  const dropped = picture.keep === 0, kept = picture.keep === 1;
  card.classList.toggle("keep", kept);
  card.classList.toggle("drop", dropped);
  card.classList.toggle("suspect", Boolean(picture.suspect));
  const moved = movedWords(picture);
  card.classList.toggle("moved", Boolean(moved) && !dropped);
  const what = state.labels.includes(state.label) || moved ? "" : displayName(picture.label);
  const flags = [what, picture.suspect, ...(picture.flags ?? [])].filter(Boolean).join(" · ");
  const note = dropped ? picture.reason || "dropped" : moved || flags;
  card.querySelector(".note").textContent = note;
  card.title = note;
  const words = dropped ? `dropped, ${picture.reason || "no reason"}` : kept ? moved || "kept" : "undecided";
  card.setAttribute("aria-label", [`picture ${state.pictures.indexOf(picture) + 1}`, fileName(picture), words, flags].filter(Boolean).join(", "));
  card.querySelector("svg")?.remove();
  card.querySelector(".accept")?.remove();
  if (picture.boxes) card.querySelector(".well").append(smallBoxes(picture));
  card.querySelector(".guess")?.remove();
  if (picture.guess && picture.guess !== picture.label) card.querySelector(".well").append(guessButton(picture));
  if (hasProposal(picture)) card.querySelector(".well").append(acceptButton());
}

// what a person has relabeled: where it went, or where it came from
function movedWords({ label, given }) {
  // among test pictures, which are no classes of the page
  if (!state.labels.includes(state.label)) return given ? `${displayName(label)}, not ${displayName(given)}` : "";
  if (!given) return "";
  return label === state.label ? `was ${displayName(given)}` : `moved to ${displayName(label)}`;
}

const fileName = ({ origin }) => origin?.split(/[?#]/)[0].split("/").pop();

// for the mouse; by keys, A does the same
function acceptButton() {
  const button = makeButton("accept", "Accept box");
  button.tabIndex = -1;
  button.title = "Accept box (A)";
  return button;
}

// by keys, G does the same
function guessButton({ guess }) {
  const button = makeButton("guess", `→ ${displayName(guess)}`);
  button.tabIndex = -1;
  button.title = `It shows ${displayName(guess)} (G)`;
  return button;
}

function smallBoxes(picture) {
  const svg = makeSvg("svg", { viewBox: `0 0 ${picture.w} ${picture.h}` });
  for (const [left, top, right, bottom, proposed] of picture.boxes) {
    svg.append(makeSvg("rect", { x: left, y: top, width: right - left, height: bottom - top, class: proposed ? "proposed" : "" }));
  }
  return svg;
}
