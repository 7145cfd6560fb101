// Asks each second what others have changed, shows it, and tells what another program has undone.

import { catchUp, countSent, get, hasUnsaved, page, send } from "./api.js";
import { applyAnswer } from "./decisions.js";
import { $, make, redraw, showsError, toast } from "./dom.js";
import { state } from "./state.js";

const EVERY = 1000; // milliseconds

let number = 0, trouble = "";

export function watchOthers(from) {
  number = from;
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  tick();
}

async function tick() {
  await ask();
  setTimeout(tick, EVERY);
}

async function ask() {
  const before = countSent();
  if (hasUnsaved()) return;
  try {
    const news = await get(`news?since=${number}&page=${page}`);
    if (before !== countSent()) return; // older than what was decided here since
    trouble = "";
    number = news.number;
    showLost(news.lost);
    showUnnamed(news.unnamed);
    if (news.pictures) showNews(news);
    await catchUp();
  } catch (error) {
    tellTrouble(error instanceof TypeError ? "The command no longer runs: nothing is saved. Start `foodcls review` again." : error.message);
  }
}

function tellTrouble(message) {
  if (message !== trouble) toast(message, true);
  trouble = message;
}

function showNews(news) {
  applyAnswer(news);
  if (showsError()) return;
  const names = [...new Set(news.pictures.map((picture) => picture.by).filter(Boolean))], count = news.pictures.length;
  toast(`${count === 1 ? "A picture was" : `${count} pictures were`} changed elsewhere${names.length ? ` by ${names.join(", ")}` : ""}.`);
}

// files that no run reads: their recipe does not name them
function showUnnamed(lines) {
  $("unnamed").hidden = !lines.length;
  redraw($("unnamed-lines"), lines.map((line) => make("code", "", line)));
}

function showLost(count) {
  $("lost").hidden = !count;
  $("lost-text").textContent = `Another program saved the file over ${count === 1 ? "a decision" : `${count} decisions`} of this visit.`;
}

export async function takeAgain(restore) {
  const answer = await send("again", { restore });
  if (!answer) return;
  showLost(0);
  toast(restore ? `${answer.pictures.length} decided again.` : "Left as the file says.");
}

// what the page shows of these pictures, so that nobody's decision is overwritten unseen
export const seenOf = (pictures) => Object.fromEntries(pictures
  .filter((picture) => picture.keep !== undefined)
  .map(({ id, keep, reason, label }) => [id, [keep, reason ?? "", label]]));

// where somebody has decided meanwhile: what, and by whom
export function tellConflicts(ids) {
  const [first] = ids.map((id) => state.byId.get(id)).filter(Boolean);
  const how = !first ? "" : first.keep === 0 ? `dropped${first.reason ? ` (${first.reason})` : ""}` : first.keep === 1 ? "kept" : "undecided";
  const who = first?.by ? ` by ${first.by}` : "";
  toast(`Not changed: ${ids.length === 1 ? "it is" : `${ids.length} pictures were decided elsewhere meanwhile, the first is`} ${how}${who} by now. Decide again to overrule that.`, true);
}
