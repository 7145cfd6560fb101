// Holds what the page shows: classes, pictures, the filter, the selection and the box mode.

export const state = {
  classes: [], labels: [], label: "", pictures: [], byId: new Map(),
  special: null, // pictures of all classes in place of a class, as the server gave them
  guesses: new Map(), // by id, the classes that were guessed for pictures of all classes
  cameFrom: "", fromMap: false, // the class from which these were opened, and whether on the map
  view: [], // pictures that the filter shows; it stays as it is while decisions are made
  at: 0, anchor: 0, // the current place in the view, and where a selection began
  picked: null, // pictures that were selected one by one, in place of those between the two
  lasso: null, // those that were selected together on the map, while they are
  chip: "all", words: "", // the filter
  reasonFor: [], // ids of the pictures that were dropped last
  boxMode: false, adjusting: false, chosen: -1, // the chosen box of the zoomed picture
};

export const current = () => state.view[state.at];

export const isLassoed = () => state.lasso !== null && state.picked === state.lasso;

export function selected() {
  if (state.picked) return state.view.filter((picture) => state.picked.has(picture));
  const [from, to] = [state.at, state.anchor].sort((a, b) => a - b);
  return state.view.slice(from, to + 1);
}

export const boxesOf = (picture) => picture.boxes ?? [];

// a box is [left, top, right, bottom, 1 where a program proposes it]
export const hasProposal = (picture) => boxesOf(picture).some((box) => box[4]);

// what is opened next makes late what was asked for before it
let turn = 0;

export function takeTurn() {
  const mine = ++turn;
  return () => mine === turn;
}
