// The second view: pictures without a label, one after the other or as a grid. A label is a folder; to label is to move.
//
// What changes something is sent one after the other, so that an undo comes behind what it undoes.
"use strict";

const UNLABELLED = "unlabelled";
const LABEL_COLOURS = 5;
const KEYS = 9;             // labels that have one
const READY = 4;            // pictures that are fetched ahead
const POLL_MS = 1000;
const LOOK_MS = 5000;       // for new pictures, where there are none
const WHY = { weak: "weak answer", appeared: "somebody appeared", steady: "a frame now and then" };
const VERDICTS = {
  published: "Accepted", allowed: "Written without proof", refused: "Refused", unproven: "Not proven: too few pictures", failed: "Failed",
  stopped: "Stopped",
};

const at = (id) => document.getElementById(id);
const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const percent = (share) => `${(100 * share).toFixed(1)} %`;

let of = UNLABELLED;        // which are shown
let pictures = [];          // {name, group, guess, why, size, pets}
let count = 0;              // how many there are, also those that are not listed yet
let labels = [];            // {name, count}
let unlabelled = 0, undoable = 0;
let mode = "one";
let selected = new Set();   // names, in the grid
let out = new Set();        // names, of those alike, that are not meant
let last = null;            // which was clicked last in the grid
let sending = Promise.resolve();
let isThere = false;        // the folder
let shownTeaching = "", polling = 0;
const ready = new Map();    // name -> <img>, the next ones
const tiles = new Map();    // name -> <button>, of the grid

function make(kind, name, text) {
  const node = document.createElement(kind);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

function button(name, text, act) {
  const node = make("button", name, text);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}

function address(name, small) {
  return `/label/picture.jpg?name=${encodeURIComponent(name)}${small ? "&small" : ""}`;
}

function say(text) {
  at("message").textContent = text ?? "";
  at("message").hidden = !text;
}

// --- the server -------------------------------------------------------------------------------------------------------------

async function ask(path, body) {
  let reply;
  try {
    reply = await fetch(path, body === undefined ? {} : {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
  } catch {
    throw new Error("catdog-edge does not answer.");
  }
  if (!reply.ok) throw new Error((await reply.text()).trim());
  return reply.json();
}

function send(path, body) {
  const sent = sending.then(() => ask(path, body));
  sending = sent.catch(() => {});
  return sent;
}

function learnCounts(said) {
  ({ labels, unlabelled, undoable } = said);
}

async function load(which = of, keep = null) {
  try {
    const said = await ask(`/label/pictures?of=${encodeURIComponent(which)}`);
    of = said.of;
    pictures = said.pictures;
    count = said.count;
    isThere = true;
    learnCounts(said);
    const names = new Set(pictures.map((picture) => picture.name));
    selected = new Set([...selected].filter((name) => names.has(name)));
    if (keep) bringToFront(keep);
    show();
  } catch (error) {
    isThere = false;
    say(error.message);
    pictures = [];
    count = 0;
    show();
  }
}

function bringToFront(names) {
  const wanted = new Set(names);
  pictures = [...pictures.filter((picture) => wanted.has(picture.name)), ...pictures.filter((picture) => !wanted.has(picture.name))];
}

// --- what is meant ----------------------------------------------------------------------------------------------------------

function alikeOf(picture) {
  return pictures.filter((other) => other.group === picture.group && other !== picture);
}

function meant() {
  if (mode === "grid") return pictures.filter((picture) => selected.has(picture.name)).map((picture) => picture.name);
  const first = pictures[0];
  if (first === undefined) return [];
  return [first, ...alikeOf(first).filter((picture) => !out.has(picture.name))].map((picture) => picture.name);
}

// The pictures go from the page at once; where the server says no, they are back.
async function act(path, body) {
  const names = body.names;
  if (!names.length) {
    say(pictures.length ? "Select pictures first." : "");
    return;
  }
  say("");
  const gone = new Set(names);
  pictures = pictures.filter((picture) => !gone.has(picture.name));
  count -= names.length;
  selected.clear();
  out.clear();
  show();
  try {
    learnCounts(await send(path, body));
    if (!pictures.length && count > 0) await load();
    else show();
  } catch (error) {
    await load();
    say(error.message);
  }
}

function label(name) {
  if (name === of) return;
  act("/label/move", { names: meant(), label: name });
}

function skip() {
  if (mode === "grid") {
    selected.clear();
  } else if (pictures.length) {
    const names = new Set(meant());
    pictures = [...pictures.filter((picture) => !names.has(picture.name)), ...pictures.filter((picture) => names.has(picture.name))];
    out.clear();
  }
  show();
}

async function undo() {
  try {
    const said = await send("/label/undo", {});
    out.clear();
    say("");
    await load(said.back[0]?.split("/")[0] ?? of, said.back);  // where they are again
  } catch (error) {
    say(error.message);
  }
}

// --- what is shown ----------------------------------------------------------------------------------------------------------

function colour(node, name) {
  const index = labels.findIndex((each) => each.name === name);
  if (index >= 0 && name !== "neither") node.dataset.label = index % LABEL_COLOURS;
}

function timeOf(name) {
  const found = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)[.\d]*-[\d.-]+\.jpg$/.exec(name);
  return found === null ? "" : when.format(new Date(Date.UTC(found[1], found[2] - 1, found[3], found[4], found[5], found[6])));
}

function showFilters() {
  const all = [{ name: UNLABELLED, count: unlabelled }, ...labels];
  at("filters").replaceChildren(...all.map((each) => {
    const node = button("", each.name, () => { selected.clear(); out.clear(); say(""); load(each.name); });
    node.append(make("b", "", String(each.count)));
    node.setAttribute("aria-pressed", each.name === of);
    return node;
  }));
}

function showDock() {
  at("labels").replaceChildren(...labels.map((each, index) => {
    const node = button("", "", () => label(each.name));
    if (index < KEYS) node.append(make("kbd", "", String(index + 1)));
    node.append(each.name);
    node.dataset.name = each.name;
    colour(node, each.name);
    node.disabled = each.name === of;
    return node;
  }));
  at("undo").disabled = !undoable;
  at("left").textContent = of === UNLABELLED ? `${count} to label` : `${count} ${of}`;
}

function tile(picture, isPressed, press) {
  const node = button("tile", undefined, (event) => press(picture, event));
  const image = make("img");
  image.loading = "lazy";
  image.alt = picture.guess ? `guess: ${picture.guess}` : "";
  image.src = address(picture.name, true);
  node.append(image);
  if (picture.guess) node.append(make("span", "", `${picture.guess}?`));
  node.dataset.name = picture.name;
  node.setAttribute("aria-pressed", isPressed);
  return node;
}

function imageOf(picture) {
  let image = ready.get(picture.name);
  if (image === undefined) {
    image = make("img");
    image.alt = picture.guess ? `guess: ${picture.guess}` : picture.name;
    image.src = address(picture.name, false);
    ready.set(picture.name, image);
  }
  return image;
}

function showOne() {
  const first = pictures[0];
  const next = pictures.slice(0, READY).map((picture) => picture.name);
  for (const name of [...ready.keys()]) if (!next.includes(name)) ready.delete(name);
  at("one").hidden = first === undefined;
  at("alike").hidden = true;
  if (first === undefined) return;
  const parts = [imageOf(first)];
  for (const pet of first.size.length === 2 ? first.pets : []) {
    const [left, top, width, height] = pet.box;
    const box = make("div", "box");
    box.style.left = `${100 * left / first.size[0]}%`;
    box.style.top = `${100 * top / first.size[1]}%`;
    box.style.width = `${100 * width / first.size[0]}%`;
    box.style.height = `${100 * height / first.size[1]}%`;
    parts.push(box);
  }
  at("frame").replaceChildren(...parts);
  at("frame").dataset.name = first.name;
  const said = [first.guess && `guess: ${first.guess}`, WHY[first.why], timeOf(first.name) || first.name.split("/").pop()];
  at("about").textContent = said.filter(Boolean).join("  ·  ");
  pictures.slice(1, READY).forEach(imageOf);
  const alike = alikeOf(first);
  at("alike").hidden = !alike.length;
  at("alike-title").textContent = `${alike.length} more that look alike get the same label. Press one to leave it out.`;
  at("alike-tiles").replaceChildren(...alike.map((picture) => tile(picture, !out.has(picture.name), (which, event) => {
    if (!out.delete(which.name)) out.add(which.name);
    event.currentTarget.setAttribute("aria-pressed", !out.has(which.name));
  })));
}

function press(picture, event) {
  const names = pictures.map((each) => each.name);
  const [from, to] = [names.indexOf(last), names.indexOf(picture.name)];
  if (event.shiftKey && from >= 0) names.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((name) => selected.add(name));
  else if (!selected.delete(picture.name)) selected.add(picture.name);
  last = picture.name;
  showSelection();
}

function showSelection() {
  for (const node of at("grid").querySelectorAll(".tile")) node.setAttribute("aria-pressed", selected.has(node.dataset.name));
  at("left").textContent = selected.size ? `${selected.size} selected` : of === UNLABELLED ? `${count} to label` : `${count} ${of}`;
}

// A tile is made once: a new one would fetch its picture again.
function gridTile(picture) {
  if (!tiles.has(picture.name)) tiles.set(picture.name, tile(picture, false, press));
  return tiles.get(picture.name);
}

function showGrid() {
  for (const name of [...tiles.keys()]) if (!pictures.some((picture) => picture.name === name)) tiles.delete(name);
  const rows = new Map();
  for (const picture of pictures) rows.set(picture.group, [...(rows.get(picture.group) ?? []), picture]);
  const parts = [];
  let singles = null;
  for (const group of rows.values()) {
    if (group.length === 1) {
      if (singles === null) parts.push(singles = make("div", "tiles"));
      singles.append(gridTile(group[0]));
      continue;
    }
    singles = null;
    const box = make("div", "group"), inside = make("div", "tiles");
    inside.append(...group.map(gridTile));
    box.append(button("", `Select ${group.length} that look alike`, () => {
      const isWhole = group.every((picture) => selected.has(picture.name));
      for (const picture of group) isWhole ? selected.delete(picture.name) : selected.add(picture.name);
      showSelection();
    }), inside);
    parts.push(box);
  }
  at("grid").replaceChildren(...parts);
  pictures = [...rows.values()].flat();  // in the order that is shown: Shift selects what lies between
}

function show() {
  document.body.dataset.mode = mode;
  at("mode-one").setAttribute("aria-pressed", mode === "one");
  at("mode-grid").setAttribute("aria-pressed", mode === "grid");
  at("grid").hidden = mode !== "grid" || !pictures.length;
  showFilters();
  showDock();
  if (mode === "grid") {
    at("one").hidden = at("alike").hidden = true;
    showGrid();
    showSelection();
  } else {
    showOne();
  }
  at("nothing").hidden = pictures.length > 0 || !isThere;
  at("nothing").textContent = of === UNLABELLED ? "Nothing to label. What is worth it comes here by itself." : "No pictures.";
}

function turn(to) {
  mode = to;
  selected.clear();
  show();
}

// --- to teach ---------------------------------------------------------------------------------------------------------------

function figureOf(figure) {
  return figure ? `${percent(figure.value)} of ${figure.n}` : "–";
}

function showFigures(done) {
  const table = make("table"), head = make("tr");
  head.append(make("th", "", "held back"), make("th", "", "before"), make("th", "", "now"));
  table.append(head);
  for (const { before, after } of done.figures) {
    const row = make("tr");
    row.append(make("td", "", after.name), make("td", "", figureOf(before)), make("td", "", figureOf(after)));
    table.append(row);
  }
  return table;
}

function showFlips(done) {
  const flips = make("div", "flips");
  flips.append(...done.flips.map((flip) => {
    const figure = make("figure"), image = make("img"), caption = make("figcaption");
    image.loading = "lazy";
    image.alt = `labelled ${flip.truth}`;
    image.src = address(flip.name, true);
    caption.append(`${flip.before} → `, make("b", flip.after === flip.truth ? "good" : "bad", flip.after));
    if (flip.after !== flip.truth) caption.append(` (is ${flip.truth})`);
    figure.append(image, caption);
    return figure;
  }));
  return flips;
}

function showProof(done) {
  const title = make("h3", "", VERDICTS[done.verdict] ?? done.verdict);
  title.dataset.verdict = done.verdict;
  const parts = [title];
  if (done.said) parts.push(make("p", "", done.said));
  if (!done.said) parts.push(...done.doubts.map((line) => make("p", "muted", line)));
  if (done.figures.length) parts.push(showFigures(done));
  if (done.drop) {
    const drop = done.drop;
    parts.push(make("p", "muted", `labels that were there: ${(100 * drop.value).toFixed(2)} points lost (95 % interval ${(100 * drop.low).toFixed(1)} to ${(100 * drop.high).toFixed(1)}, n = ${drop.n})`));
  }
  parts.push(...showUse(done));
  if (done.flipped) parts.push(make("p", "muted", `${done.flipped} answers change${done.flips.length < done.flipped ? `; of ${done.flips.length} there is a picture` : ""}:`));
  if (done.flips.length) parts.push(showFlips(done));
  at("proof").replaceChildren(...parts);
}

function showUse(done) {
  if (!done.in_use) {
    if (!done.file) return [];
    const line = make("p", "", "Use it: start catdog-edge with ");
    line.append(make("code", "", `--model ${done.file}`), "; to go back, without. With --models it would be swapped while it runs.");
    return [line];
  }
  const acts = make("div", "acts");
  if (done.file) {
    const use = button("main", "Use it", () => askTeacher("/label/use", {}));
    use.id = "use";
    acts.append(use);
  }
  const back = button("", "Go back", () => askTeacher("/label/back", {}));
  back.id = "back";
  back.disabled = !done.in_use.before;
  acts.append(back, make("p", "muted", done.in_use.id ? `in use: ${done.in_use.name}, ${done.in_use.labels.join(", ")} (${[done.in_use.id, done.in_use.why].filter(Boolean).join("; ")})` : "in use: what catdog-edge was started with"));
  acts.lastChild.id = "in-use";
  return [acts];
}

function onTeaching(said) {
  const running = said.state === "running";
  at("teach").disabled = running;
  at("stop").hidden = !running;
  at("progress").hidden = !running;
  if (running) at("progress").textContent = `${Math.round(said.seconds)} s: ${said.line}`;
  at("proof").hidden = said.state !== "done";
  const text = JSON.stringify(said);
  if (said.state === "done" && text !== shownTeaching) {  // drawn once: its pictures would be fetched again
    shownTeaching = text;
    showProof(said);
  }
  clearTimeout(polling);
  // A model that is put into use may still be refused by the camera's frames.
  if (running || said.in_use) polling = setTimeout(pollTeaching, running ? POLL_MS : 5 * POLL_MS);
}

async function pollTeaching() {
  try {
    onTeaching(await ask("/label/teach"));
  } catch (error) {
    at("progress").textContent = error.message;
    clearTimeout(polling);
    polling = setTimeout(pollTeaching, 3 * POLL_MS);
  }
}

async function askTeacher(path, body) {
  try {
    onTeaching(await send(path, body));
  } catch (error) {
    say(error.message);
  }
}

// --- keys and fingers -------------------------------------------------------------------------------------------------------

const KEY_ACTS = {
  s: skip,
  x: () => act("/label/delete", { names: meant() }),
  u: undo,
  g: () => turn(mode === "one" ? "grid" : "one"),
  n: () => at("new-label").focus(),
  a: () => { if (mode === "grid") { pictures.forEach((picture) => selected.add(picture.name)); showSelection(); } },
  Escape: () => { selected.clear(); show(); },
};

function moveFocus(step) {
  const tiles = [...at("grid").querySelectorAll(".tile")];
  const here = tiles.indexOf(document.activeElement);
  tiles[Math.max(0, Math.min(tiles.length - 1, here + step))]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.matches("input:not([type=checkbox])")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (/^[1-9]$/.test(event.key)) {
    const chosen = labels[Number(event.key) - 1];
    if (chosen) label(chosen.name);
  } else if (mode === "grid" && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
    moveFocus(event.key === "ArrowRight" ? 1 : -1);
  } else if (KEY_ACTS[event.key]) {
    event.preventDefault();
    KEY_ACTS[event.key]();
  }
});
at("new").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = at("new-label").value.trim();
  if (!name) return;
  at("new-label").value = "";
  at("new-label").blur();
  label(name);
});
at("skip").addEventListener("click", skip);
at("delete").addEventListener("click", KEY_ACTS.x);
at("undo").addEventListener("click", undo);
at("mode-one").addEventListener("click", () => turn("one"));
at("mode-grid").addEventListener("click", () => turn("grid"));
at("teach").addEventListener("click", () => askTeacher("/label/teach", { allow_unproven: at("unproven").checked }));
at("stop").addEventListener("click", () => askTeacher("/label/teach/stop", {}));
setInterval(() => {
  if (isThere && !document.hidden && of === UNLABELLED && !pictures.length) load();
}, LOOK_MS);
load();
pollTeaching();
