// Shows the pictures of one class, takes decisions and boxes, and sends each to the server at once.
"use strict";

const $ = (id) => document.getElementById(id);
const REASONS = ["wrong class", "several things", "drawing or logo", "text or screenshot", "blurred or tiny", "unclear"];
const SVG = "http://www.w3.org/2000/svg";

const state = {
  classes: [], label: "", pictures: [], byId: new Map(),
  view: [], // pictures that the filter shows; it stays as it is while decisions are made
  at: 0, anchor: 0, // the current place in the view, and where a selection began
  chip: "all", words: "",
  reasonFor: [], // ids of the pictures that were dropped last
  boxMode: false, chosen: -1, // the chosen box of the zoomed picture
};

// ---------- talking to the server

let queue = Promise.resolve(), unsaved = 0;

async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

// one after another, so that the files say what was decided last
function send(path, body) {
  unsaved += 1;
  queue = queue.then(async () => {
    const answer = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }).then(take).catch(async (error) => {
    const lost = error instanceof TypeError;
    toast(lost ? "Not saved: the command no longer runs. Start `foodcls review` again." : `Not saved: ${error.message}`, true);
    if (!lost) await open(state.label, true);
  }).finally(() => { unsaved -= 1; });
  return queue;
}

function take(answer) {
  state.classes = answer.classes;
  for (const picture of answer.pictures) put(picture);
  drawClasses();
  drawProgress();
  return answer;
}

function put(picture) {
  const old = state.byId.get(picture.id);
  if (!old) return;
  for (const name of ["keep", "reason", "boxes"]) old[name] = picture[name];
  drawCard(old);
  if ($("zoom").open && current() === old && !drag) drawZoom();
}

// ---------- classes

function drawClasses() {
  const sum = (name) => state.classes.reduce((total, item) => total + item[name], 0);
  $("overall").textContent = `${sum("kept") + sum("dropped")} of ${sum("total")} pictures looked at`;
  const nav = $("classes");
  while (nav.children.length < state.classes.length) nav.append(classButton());
  state.classes.forEach((item, number) => {
    const button = nav.children[number], looked = item.kept + item.dropped;
    button.dataset.label = item.name;
    button.setAttribute("aria-current", item.name === state.label);
    button.classList.toggle("done", looked === item.total);
    button.querySelector(".key").textContent = number < 9 ? number + 1 : "";
    button.querySelector(".name").textContent = spoken(item.name);
    button.querySelector(".name").title = item.name;
    button.querySelector(".count").textContent = looked === item.total ? `✓ ${item.total}` : `${looked}/${item.total}`;
    const share = (count) => `${item.total ? (100 * count) / item.total : 0}%`;
    button.querySelector(".k").style.width = share(item.kept);
    button.querySelector(".d").style.width = share(item.dropped);
  });
}

function classButton() {
  const button = make("button", "");
  button.type = "button";
  const meter = make("span", "meter");
  meter.append(make("i", "k"), make("i", "d"));
  button.append(make("span", "key"), make("span", "name"), make("span", "count"), meter);
  return button;
}

function drawProgress() {
  const item = state.classes.find((one) => one.name === state.label);
  if (!item) return;
  $("label").textContent = spoken(item.name);
  const left = item.total - item.kept - item.dropped;
  $("progress").replaceChildren(
    bold(`${item.kept} kept`, "k"), " · ", bold(`${item.dropped} dropped`, "d"), ` · ${left} to look at`,
  );
  drawChips();
}

async function open(label, stay = false) {
  const place = stay ? current()?.id : null;
  state.label = label;
  const pictures = await get(`pictures?class=${encodeURIComponent(label)}`);
  if (state.label !== label) return; // another class was opened meanwhile
  state.pictures = pictures;
  state.byId = new Map(pictures.map((picture) => [picture.id, picture]));
  history.replaceState(null, "", `#${encodeURIComponent(label)}`);
  hideReasons();
  drawClasses();
  buildCards();
  if (!stay) Object.assign(state, { chip: "all", words: "" });
  $("search").value = state.words;
  show(place);
}

function step(by) {
  const number = state.classes.findIndex((item) => item.name === state.label);
  const next = state.classes[number + by];
  if (next) open(next.name);
}

// ---------- grid

function buildCards() {
  const part = document.createDocumentFragment(), template = $("card").content.firstElementChild;
  for (const picture of state.pictures) {
    const card = template.cloneNode(true);
    card.dataset.id = picture.id;
    card.id = `p-${picture.id}`;
    const image = card.querySelector("img");
    image.src = `thumb/${picture.id}`;
    if (picture.copies) {
      const copies = card.querySelector(".copies");
      copies.textContent = `copies: ${picture.copies}`;
      copies.hidden = false;
    }
    if (picture.group) {
      card.classList.add("group");
      card.style.setProperty("--hue", `oklch(.68 .16 ${parseInt(picture.group.slice(0, 6), 16) % 360})`);
    }
    card.classList.toggle("suspect", Boolean(picture.suspect));
    picture.card = card;
    picture.place = part.childElementCount + 1;
    drawCard(picture);
    part.append(card);
  }
  $("grid").replaceChildren(part);
}

function drawCard(picture) {
  const { card } = picture;
  const dropped = picture.keep === 0, kept = picture.keep === 1;
  card.classList.toggle("keep", kept);
  card.classList.toggle("drop", dropped);
  const flags = [picture.suspect, ...(picture.flags ?? [])].filter(Boolean).join(" · ");
  const note = dropped ? picture.reason || "dropped" : flags;
  card.querySelector(".note").textContent = note;
  card.title = note;
  const words = dropped ? `dropped, ${picture.reason || "no reason"}` : kept ? "kept" : "undecided";
  card.setAttribute("aria-label", `picture ${picture.place}, ${words}${flags && `, ${flags}`}`);
  card.querySelector("svg")?.remove();
  card.querySelector(".accept")?.remove();
  if (picture.boxes) card.querySelector(".well").append(smallBoxes(picture));
  if (hasOffer(picture)) card.querySelector(".well").append(acceptButton());
}

const hasOffer = (picture) => boxesOf(picture).some((box) => box[4]);

// for the mouse; by keys, A does the same
function acceptButton() {
  const button = make("button", "accept");
  button.type = "button";
  button.tabIndex = -1;
  button.title = "Accept box (A)";
  button.textContent = "Accept box";
  return button;
}

function smallBoxes(picture) {
  const svg = draw("svg", { viewBox: `0 0 ${picture.w} ${picture.h}` });
  for (const [left, top, right, bottom, proposed] of picture.boxes) {
    svg.append(draw("rect", { x: left, y: top, width: right - left, height: bottom - top, class: proposed ? "proposed" : "" }));
  }
  return svg;
}

function chips() {
  const flags = new Set(state.pictures.flatMap((picture) => picture.flags ?? []));
  return [
    ["all", "All", () => true],
    ["suspects", "Suspects", (picture) => picture.suspect],
    ["undecided", "Undecided", (picture) => picture.keep === undefined],
    ["kept", "Kept", (picture) => picture.keep === 1],
    ["dropped", "Dropped", (picture) => picture.keep === 0],
    ["unboxed", "Without box", (picture) => picture.keep !== 0 && !picture.boxes],
    ["proposed", "Proposed boxes", hasOffer],
    ...[...flags].sort().map((flag) => [`flag ${flag}`, flag, (picture) => picture.flags?.includes(flag)]),
  ];
}

const OPTIONAL = new Set(["suspects", "proposed"]);

function drawChips() {
  const parts = chips().map(([key, name, test]) => {
    const count = state.pictures.filter(test).length;
    if (!count && OPTIONAL.has(key) && state.chip !== key) return "";
    const chip = make("button", "chip");
    chip.type = "button";
    chip.dataset.chip = key;
    chip.setAttribute("aria-pressed", key === state.chip);
    const number = make("span", "");
    number.textContent = count;
    chip.append(name, " ", number);
    return chip;
  });
  $("chips").replaceChildren(...parts.filter(Boolean));
}

// choose what is shown; decisions made later leave it as it is, so that nothing jumps
function show(place = current()?.id) {
  const test = (chips().find(([key]) => key === state.chip) ?? chips()[0])[2];
  const words = state.words.toLowerCase().trim();
  const said = (picture) => [picture.suspect, picture.reason, picture.origin, picture.id, ...(picture.flags ?? [])].join("\n").toLowerCase();
  state.view = state.pictures.filter((picture) => test(picture) && (!words || said(picture).includes(words)));
  const shown = new Set(state.view);
  for (const picture of state.pictures) picture.card.hidden = !shown.has(picture);
  $("nothing").hidden = state.view.length > 0;
  $("nothing").textContent = state.pictures.length ? "No picture here answers to this filter." : "No picture of this class was found.";
  drawProgress();
  const number = state.view.findIndex((picture) => picture.id === place);
  $("grid").scrollTop = 0;
  go(Math.max(0, number));
}

function filter(chip, words) {
  Object.assign(state, { chip, words });
  show();
}

const current = () => state.view[state.at];

function selected() {
  const [from, to] = [state.at, state.anchor].sort((a, b) => a - b);
  return state.view.slice(from, to + 1);
}

function go(place, extend = false) {
  for (const picture of marked) { picture.card.classList.remove("here"); picture.card.setAttribute("aria-selected", "false"); picture.card.tabIndex = -1; }
  state.at = Math.max(0, Math.min(place, state.view.length - 1));
  if (!extend) state.anchor = state.at;
  marked = selected();
  for (const picture of marked) picture.card.setAttribute("aria-selected", "true");
  const picture = current();
  if (!picture) return;
  picture.card.classList.add("here");
  picture.card.tabIndex = 0;
  picture.card.scrollIntoView({ block: "nearest" });
  if ($("zoom").open) openPicture();
  else if (document.activeElement?.tagName !== "INPUT") picture.card.focus({ preventScroll: true });
}
let marked = [];

const columns = () => getComputedStyle($("grid")).gridTemplateColumns.split(" ").length;

// ---------- decisions

function decide(keep, reason) {
  const many = selected(), pictures = many.filter(Boolean);
  if (!pictures.length) return;
  const ids = pictures.map((picture) => picture.id);
  const why = reason ?? (keep ? "" : pictures.length === 1 ? pictures[0].suspect ?? "" : "");
  for (const picture of pictures) { picture.keep = Number(keep); picture.reason = why; drawCard(picture); }
  send("decide", { ids, keep, reason: why });
  if (keep) hideReasons(); else askReason(ids, why);
  const end = Math.max(state.at, state.anchor);
  if (end + 1 < state.view.length) go(end + 1);
  else {
    go(end);
    toast(`The last picture here. ${state.classes.at(-1)?.name === state.label ? "" : "] opens the next class."}`);
  }
}

function keepRest() {
  const pictures = state.view.filter((picture) => picture.keep === undefined);
  if (!pictures.length) return toast("Nothing undecided is shown.");
  for (const picture of pictures) { picture.keep = 1; picture.reason = ""; drawCard(picture); }
  send("decide", { ids: pictures.map((picture) => picture.id), keep: true, reason: "" });
  hideReasons();
  toast(`${pictures.length} kept. U takes it back.`);
}

async function undo() {
  hideReasons();
  const answer = await send("undo", {});
  if (!answer) return;
  if (!answer.pictures.length) return toast("Nothing to undo in this visit.");
  const [first] = answer.pictures;
  if (first.label !== state.label) await open(first.label);
  const place = state.view.findIndex((picture) => picture.id === first.id);
  if (place < 0) { Object.assign(state, { chip: "all", words: "" }); $("search").value = ""; show(first.id); } else go(place);
  toast(answer.pictures.length > 1 ? `${answer.pictures.length} pictures are as before.` : "This picture is as before.");
}

// the drop is in the file already: a reason may follow, or not
function askReason(ids, why) {
  state.reasonFor = ids;
  $("bar-text").replaceChildren("Dropped", ids.length > 1 ? ` ${ids.length}: ` : ": ", bold(why || "why?", ""));
  $("reason").value = "";
  $("reasons").replaceChildren(...reasons().map((reason, number) => {
    const chip = make("button", "chip"), key = make("kbd", "");
    chip.type = "button";
    chip.dataset.reason = reason;
    chip.setAttribute("aria-pressed", reason === why);
    key.textContent = number + 1;
    chip.append(key, reason);
    return chip;
  }));
  if ($("zoom").open) $("box-help").after($("bar")); else document.querySelector("main").append($("bar"));
  $("bar").hidden = false;
}

// the same six under the same digits, then three that this class has been given
function reasons() {
  const used = new Map();
  for (const { keep, reason } of state.pictures) {
    if (keep === 0 && reason && !REASONS.includes(reason)) used.set(reason, (used.get(reason) ?? 0) + 1);
  }
  const often = [...used].sort((a, b) => b[1] - a[1]).map(([reason]) => reason);
  return [...REASONS, ...often.slice(0, 3)];
}

function giveReason(reason) {
  const ids = state.reasonFor;
  for (const id of ids) { const picture = state.byId.get(id); if (picture) { picture.reason = reason; drawCard(picture); } }
  send("decide", { ids, keep: false, reason });
  hideReasons();
}

function hideReasons() {
  $("bar").hidden = true;
  state.reasonFor = [];
  if (document.activeElement === $("reason")) current()?.card.focus({ preventScroll: true });
}

// ---------- zoom

function zoom(boxMode) {
  if (!current()) return;
  state.boxMode = boxMode;
  if (!$("zoom").open) $("zoom").showModal();
  hideReasons();
  openPicture();
}

function openPicture() {
  const picture = current();
  state.chosen = -1;
  $("large").src = `picture/${picture.id}`;
  $("large").alt = spoken(picture.label);
  $("boxes").setAttribute("viewBox", `0 0 ${picture.w} ${picture.h}`);
  for (const near of [state.view[state.at + 1], state.view[state.at - 1]]) if (near) new Image().src = `picture/${near.id}`;
  drawZoom();
}

function drawZoom() {
  const picture = current(), keep = picture.keep;
  $("zoom-label").textContent = spoken(picture.label);
  $("zoom-state").className = keep === 0 ? "drop" : keep === 1 ? "keep" : "";
  $("zoom-state").textContent = keep === 0 ? `✕ dropped${picture.reason ? `: ${picture.reason}` : ""}` : keep === 1 ? "✓ kept" : "undecided";
  $("place").textContent = `${state.at + 1} / ${state.view.length}`;
  const facts = [["size", `${picture.w} × ${picture.h} pixels`], ["from", picture.origin], ["id", picture.id.slice(0, 16)]];
  if (picture.suspect) facts.unshift(["look", picture.suspect, "suspect"]);
  if (picture.flags) facts.push(["flags", picture.flags.join(", ")]);
  if (picture.copies) facts.push(["copies", `${picture.copies} at other addresses`]);
  $("about").replaceChildren(...facts.flatMap(([name, text, kind]) => {
    const [term, value] = [make("dt", ""), make("dd", kind ?? "")];
    term.textContent = name;
    value.textContent = text;
    return [term, value];
  }));
  drawBoxes();
}

const boxesOf = (picture) => picture.boxes ?? [];

function drawBoxes() {
  const picture = current(), svg = $("boxes"), boxes = boxesOf(picture);
  const scale = picture.w / Math.max(1, pictureWidth()), parts = [];
  if (boxes.length) parts.push(veil(picture, boxes));
  boxes.forEach(([left, top, right, bottom, proposed], number) => {
    const area = { x: left, y: top, width: right - left, height: bottom - top };
    parts.push(draw("rect", { ...area, class: "shadow" }));
    const kind = `box${proposed ? " proposed" : ""}${number === state.chosen ? " chosen" : ""}`;
    parts.push(draw("rect", { ...area, class: kind, "data-box": number }));
    const side = 11 * scale;
    for (const [corner, x, y] of [["nw", left, top], ["ne", right, top], ["sw", left, bottom], ["se", right, bottom]]) {
      if (number !== state.chosen) continue;
      parts.push(draw("rect", { x: x - side / 2, y: y - side / 2, width: side, height: side, rx: side / 4, class: `handle ${corner}`, "data-box": number, "data-corner": corner }));
    }
  });
  svg.replaceChildren(...parts);
  $("offer").hidden = !hasOffer(picture);
  $("stage-hint").textContent = hasOffer(picture) ? "Proposed box: A accepts it, drag to correct it" : state.boxMode ? "Box mode: drag a box, Space for the next picture without one" : "";
  $("box-list").replaceChildren(...boxes.map(boxLine));
}

// everything outside of the boxes is darker: it is what the crop leaves out
function veil(picture, boxes) {
  const hole = ([left, top, right, bottom]) => `M${left} ${top}V${bottom}H${right}V${top}Z`;
  const shown = boxes.length === 1 ? boxes : [];
  return draw("path", { class: "veil", d: shown.length ? `M0 0H${picture.w}V${picture.h}H0Z${shown.map(hole).join("")}` : "" });
}

function boxLine(box, number) {
  const line = make("li", number === state.chosen ? "chosen" : ""), edges = make("span", "edges"), remove = make("button", "");
  const [left, top, right, bottom, proposed] = box;
  edges.textContent = `${right - left} × ${bottom - top} at ${left}, ${top}`;
  line.dataset.line = number;
  line.append(edges);
  if (proposed) { const tag = make("span", "tag"); tag.textContent = "proposed"; line.append(tag); }
  remove.type = "button";
  remove.textContent = "✕";
  remove.dataset.remove = number;
  remove.setAttribute("aria-label", `Remove box ${number + 1}`);
  line.append(remove);
  return line;
}

function pictureWidth() {
  const { width, height } = $("boxes").getBoundingClientRect(), { w, h } = current();
  return Math.min(width, (height * w) / h);
}

function saveBoxes(boxes) {
  const picture = current();
  picture.boxes = boxes.length ? boxes : undefined;
  drawCard(picture);
  drawBoxes();
  drawChips();
  send("boxes", { id: picture.id, boxes });
}

function removeBox(number) {
  const boxes = boxesOf(current());
  if (!boxes[number]) return;
  state.chosen = -1;
  saveBoxes(boxes.filter((_, place) => place !== number));
}

function acceptBoxes() {
  const zoomed = $("zoom").open, pictures = zoomed ? [current()] : selected();
  let count = 0;
  for (const picture of pictures) {
    const boxes = boxesOf(picture), only = zoomed && boxes[state.chosen]?.[4] ? state.chosen : -1;
    if (!hasOffer(picture)) continue;
    picture.boxes = boxes.map((box, number) => (only < 0 || only === number ? box.slice(0, 4).concat(0) : box));
    count += 1;
    drawCard(picture);
    send("boxes", { id: picture.id, boxes: picture.boxes });
  }
  if (zoomed) drawBoxes();
  drawChips();
  toast(count ? `Accepted${count > 1 ? ` for ${count} pictures` : ""}.` : "No proposed box here.");
}

// the chosen proposal, else all of the zoomed picture
function refuseBoxes() {
  const boxes = boxesOf(current()), only = boxes[state.chosen]?.[4] ? state.chosen : -1;
  state.chosen = -1;
  saveBoxes(boxes.filter((box, number) => !box[4] || (only >= 0 && only !== number)));
}

function nextUnboxed() {
  const free = (picture) => picture.keep !== 0 && !picture.boxes;
  const later = state.view.findIndex((picture, place) => place > state.at && free(picture));
  const place = later < 0 ? state.view.findIndex(free) : later;
  if (place < 0) toast("Every picture that is shown has a box, or is dropped."); else go(place);
}

// ---------- drawing with the mouse

let drag = null;

function spot(event) {
  const matrix = $("boxes").getScreenCTM().inverse(), { w, h } = current();
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
  return [Math.max(0, Math.min(w, point.x)), Math.max(0, Math.min(h, point.y))];
}

function grasp(event) {
  if (event.button !== 0 || !current()) return;
  event.preventDefault();
  // with Shift a box can be drawn inside another
  const { box, corner } = event.shiftKey ? {} : event.target.dataset, start = spot(event), boxes = boxesOf(current()).map((one) => [...one]);
  const kind = corner ? "corner" : box !== undefined ? "move" : "new";
  if (kind === "new") boxes.push([...start, ...start, 0]);
  drag = { kind, corner, start, boxes, number: kind === "new" ? boxes.length - 1 : Number(box), from: [event.clientX, event.clientY], moved: false };
  drag.before = [...boxes[drag.number]];
  $("boxes").setPointerCapture(event.pointerId);
}

function pull(event) {
  if (!drag) return;
  const [x, y] = spot(event);
  // a hand trembles: less than this is a click
  if (!drag.moved && Math.hypot(event.clientX - drag.from[0], event.clientY - drag.from[1]) < 4) return;
  drag.moved = true;
  drag.boxes[drag.number] = pulled(drag, x, y);
  current().boxes = drag.boxes;
  state.chosen = drag.number;
  drawBoxes();
}

function pulled({ kind, corner, start, before }, x, y) {
  let [left, top, right, bottom] = before;
  const { w, h } = current();
  if (kind === "move") {
    const dx = Math.max(-left, Math.min(w - right, x - start[0])), dy = Math.max(-top, Math.min(h - bottom, y - start[1]));
    [left, right, top, bottom] = [left + dx, right + dx, top + dy, bottom + dy];
  } else {
    const pick = corner ?? "se";
    if (pick.includes("w")) left = x; else right = x;
    if (pick.includes("n")) top = y; else bottom = y;
  }
  const round = (a, b) => [Math.min(a, b), Math.max(a, b)].map(Math.round);
  const [[x0, x1], [y0, y1]] = [round(left, right), round(top, bottom)];
  return [x0, y0, x1, y1, 0]; // what a person has touched is no longer a proposal
}

function release() {
  if (!drag) return;
  const { kind, moved, boxes, number } = drag;
  drag = null;
  if (!moved) {
    state.chosen = kind === "new" ? -1 : number;
    return drawBoxes();
  }
  const [left, top, right, bottom] = boxes[number];
  if (right - left < 2 || bottom - top < 2) { boxes.splice(number, 1); state.chosen = -1; }
  // whoever draws a box has not taken the proposed one
  const own = kind === "new" ? boxes.filter((box) => !box[4]) : boxes;
  if (state.chosen >= 0) state.chosen = own.indexOf(boxes[number]);
  saveBoxes(own);
}

// ---------- keys

const MOVES = { ArrowLeft: () => state.at - 1, ArrowRight: () => state.at + 1, ArrowUp: () => state.at - columns(), ArrowDown: () => state.at + columns(), Home: () => 0, End: () => state.view.length - 1, PageUp: () => state.at - 3 * columns(), PageDown: () => state.at + 3 * columns() };
const ZOOM_MOVES = { ArrowLeft: () => state.at - 1, ArrowRight: () => state.at + 1, ArrowUp: () => state.at - 1, ArrowDown: () => state.at + 1 };

const KEYS = {
  k: () => decide(true), d: () => decide(false), u: undo, a: acceptBoxes, "[": () => step(-1), "]": () => step(1),
  K: keepRest, "?": () => $("help").showModal(), f: () => { $("search").focus(); $("search").select(); },
  Enter: () => zoom(false), b: () => zoom(true), B: () => zoom(true),
  r: () => { if (!$("bar").hidden) $("reason").focus(); }, Escape: hideReasons,
};
const ZOOM_KEYS = {
  k: KEYS.k, d: KEYS.d, u: undo, a: acceptBoxes, r: KEYS.r, "?": KEYS["?"],
  Enter: () => $("zoom").close(), b: () => { state.boxMode = !state.boxMode; drawBoxes(); },
  " ": nextUnboxed, Delete: () => removeBox(state.chosen < 0 && boxesOf(current()).length === 1 ? 0 : state.chosen),
  Tab: () => { const count = boxesOf(current()).length; state.chosen = count ? (state.chosen + 1) % count : -1; drawBoxes(); },
};
ZOOM_KEYS.Backspace = ZOOM_KEYS.Delete;

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  if (event.target.tagName === "INPUT" && event.target.type !== "range") return fieldKey(event);
  const zoomed = $("zoom").open, moves = zoomed ? ZOOM_MOVES : MOVES;
  // a focused button answers to its own keys
  if (event.target.tagName === "BUTTON" && ["Enter", " ", "Tab"].includes(event.key)) return;
  if (event.target.type === "range" && event.key.startsWith("Arrow")) return;
  if (event.key === "Tab" && !(zoomed && state.boxMode)) return;
  const move = moves[event.key];
  const name = event.key.length === 1 && !(event.shiftKey && event.key === "K") ? event.key.toLowerCase() : event.key;
  const action = (zoomed ? ZOOM_KEYS : KEYS)[name];
  if (move) { hideReasons(); go(move(), event.shiftKey && !zoomed); }
  else if (/^[1-9]$/.test(event.key)) digit(Number(event.key), zoomed);
  else if (action && !(event.repeat && event.key.length === 1)) action();
  else return;
  if (zoomed && event.key === "Escape") return;
  event.preventDefault();
}

function digit(number, zoomed) {
  if (!$("bar").hidden) { const reason = reasons()[number - 1]; if (reason) giveReason(reason); }
  else if (!zoomed && state.classes[number - 1]) open(state.classes[number - 1].name);
}

function fieldKey(event) {
  const back = () => current()?.card.focus({ preventScroll: true });
  if (event.target === $("reason") && event.key === "Enter") { giveReason($("reason").value.trim()); back(); }
  else if (event.target === $("search") && ["Enter", "ArrowDown"].includes(event.key)) back();
  else if (event.key === "Escape") {
    if (event.target === $("search")) { $("search").value = ""; filter(state.chip, ""); } else hideReasons();
    back();
  } else return;
  event.preventDefault();
}

// ---------- small things

const spoken = (label) => label.replaceAll("_", " ");
function make(tag, kind) { const element = document.createElement(tag); if (kind) element.className = kind; return element; }
function bold(text, kind) { const element = make("b", kind); element.textContent = text; return element; }
function draw(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

let toastTimer = 0;
function toast(text, isError = false) {
  const element = $("toast");
  element.textContent = text;
  element.classList.toggle("error", isError);
  // shown anew each time: it has to lie above a dialog that was opened since
  if (element.matches(":popover-open")) element.hidePopover();
  element.showPopover();
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => element.hidePopover(), isError ? 12000 : 2600);
}

function listen() {
  const grid = $("grid"), cardOf = (event) => event.target.closest(".card");
  const place = (card) => state.view.indexOf(state.byId.get(card.dataset.id));
  document.addEventListener("keydown", key);
  grid.addEventListener("click", (event) => { const card = cardOf(event), takes = event.target.closest(".accept"); if (card) { hideReasons(); go(place(card), event.shiftKey && !takes); if (takes) acceptBoxes(); } });
  grid.addEventListener("dblclick", (event) => { if (cardOf(event)) zoom(false); });
  grid.addEventListener("error", (event) => event.target.closest(".card")?.classList.add("gone"), true);
  $("classes").addEventListener("click", (event) => { const button = event.target.closest("button"); if (button) open(button.dataset.label); });
  $("chips").addEventListener("click", (event) => { const chip = event.target.closest(".chip"); if (chip) { filter(chip.dataset.chip, state.words); current()?.card.focus({ preventScroll: true }); } });
  $("reasons").addEventListener("click", (event) => { const chip = event.target.closest(".chip"); if (chip) giveReason(chip.dataset.reason); });
  $("search").addEventListener("input", () => filter(state.chip, $("search").value));
  $("size").addEventListener("input", () => document.documentElement.style.setProperty("--size", `${$("size").value}px`));
  $("undo").addEventListener("click", undo);
  $("ask").addEventListener("click", () => $("help").showModal());
  $("help-close").addEventListener("click", () => $("help").close());
  $("close").addEventListener("click", () => $("zoom").close());
  $("zoom").addEventListener("close", () => { hideReasons(); current()?.card.focus(); });
  // back to the picture, or Space would press the button again
  const press = (id, action) => $(id).addEventListener("click", () => { action(); $("stage").focus(); });
  press("keep", () => decide(true));
  press("drop", () => decide(false));
  press("accept", acceptBoxes);
  press("refuse", refuseBoxes);
  press("previous", () => go(state.at - 1));
  press("next", () => go(state.at + 1));
  $("box-list").addEventListener("click", (event) => {
    const { remove } = event.target.dataset, line = event.target.closest("li");
    if (remove !== undefined) removeBox(Number(remove));
    else if (line) { state.chosen = Number(line.dataset.line); drawBoxes(); }
  });
  const svg = $("boxes");
  svg.addEventListener("pointerdown", grasp);
  svg.addEventListener("pointermove", pull);
  svg.addEventListener("pointerup", release);
  svg.addEventListener("pointercancel", release);
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  window.addEventListener("resize", () => { if ($("zoom").open) drawBoxes(); });
}

async function start() {
  listen();
  const { title, classes } = await get("classes");
  document.title = `Review ${title}`;
  $("title").textContent = title;
  state.classes = classes;
  const wanted = decodeURIComponent(location.hash.slice(1));
  const first = classes.find((item) => item.name === wanted) ?? classes.find((item) => item.kept + item.dropped < item.total) ?? classes[0];
  await open(first.name);
}

start().catch((error) => toast(error.message, true));
