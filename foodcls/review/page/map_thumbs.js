// Loads small pictures for the map as they come into sight, a few at a time.

const SIDE = 160; // pixels of the longer side
const KEPT = 1200; // some 60 kB each
const LANES = 6; // a browser opens no more connections to one address

const ready = new Map();
let waiting = [], running = 0, onReady = () => {};

// `then` is called when further ones are there
export function onThumbs(then) {
  onReady = then;
}

// the picture, where it is loaded already
export function thumbOf({ id }) {
  const found = ready.get(id);
  // what was used last stays longest
  if (found) { ready.delete(id); ready.set(id, found); }
  return found;
}

// those in sight, in place of what was wanted before
export function loadThumbs(pictures) {
  waiting = pictures.filter(({ id }) => !ready.has(id));
  while (running < LANES && waiting.length) loadNext();
}

async function loadNext() {
  const { id, w, h } = waiting.shift();
  running += 1;
  ready.set(id, null); // under way, or missing for good
  try {
    const answer = await fetch(`thumb/${id}`);
    if (answer.ok) ready.set(id, await createImageBitmap(await answer.blob(), w > h ? { resizeWidth: SIDE } : { resizeHeight: SIDE }));
    onReady();
  } catch {
    ready.delete(id); // the command no longer runs, which is told elsewhere: asked for when the map is next drawn
  }
  running -= 1;
  for (const [old, bitmap] of ready) {
    if (ready.size <= KEPT) break;
    bitmap?.close();
    ready.delete(old);
  }
  if (waiting.length) loadNext();
}
