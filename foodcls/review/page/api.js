// Asks the server for classes and pictures, and sends it changes one after another.

import { toast } from "./dom.js";

// each tab has its own undo; a reload keeps it, and a tab that is doubled gets one of its own
const isReload = performance.getEntriesByType("navigation")[0]?.type === "reload";
export const page = sessionStorage.page = (isReload && sessionStorage.page) || crypto.randomUUID();

let queue = Promise.resolve(), unsaved = 0, sent = 0, isAhead = false, apply, reload;

// `onAnswer` takes what a change did; `onRefusal` shows again what the files say, or gives false
export function onChanges({ onAnswer, onRefusal }) {
  [apply, reload] = [onAnswer, onRefusal];
}

export async function get(path) {
  return read(await fetch(path));
}

async function read(response) {
  if (response.ok) return response.json();
  const { detail } = await response.json().catch(() => ({}));
  throw new Error(detail ?? `the command answers ${response.status} ${response.statusText}`);
}

// one after another, so that the files say what was decided last
export function send(path, body) {
  unsaved += 1;
  sent += 1;
  queue = queue.then(async () => apply(await post(path, { ...body, page }), unsaved > 1)).catch(tellFailure).finally(() => { unsaved -= 1; });
  return queue;
}

async function post(path, body) {
  return read(await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  }));
}

function tellFailure(error) {
  const isLost = error instanceof TypeError;
  toast(isLost ? "Not saved: the command no longer runs. Start `foodcls review` again." : `Not saved: ${error.message}`, true);
  isAhead = true;
  // not awaited: it waits for what was sent, this among it
  if (!isLost) catchUp();
}

// show again what the files say, where the page shows what was not saved; while they cannot be read, later
export async function catchUp() {
  if (!isAhead) return;
  isAhead = false;
  isAhead = await reload().then((isShown) => isShown === false, () => true);
}

// what the files say with all that was sent in them
export async function getSaved(path) {
  let before, answer;
  do {
    before = sent;
    await queue;
    answer = await get(path);
  } while (before !== sent);
  return answer;
}

// done when all that was sent is in the files
export const whenSaved = () => queue;

export const hasUnsaved = () => unsaved > 0;

// how many changes were sent: an answer that was asked for before one of them may be old
export const countSent = () => sent;
