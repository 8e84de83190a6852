// The live page. All it knows comes from /events; the picture is /stream.mjpg. While nobody looks both are closed.
//
// The stream of pictures is read here, not by an <img>: that would go on showing the last one when the stream has broken off.
"use strict";

const SPANS_S = [30, 60, 120];  // of the chart
const LATE_MS = 5000;       // without a picture while results come
const MOST_EVENTS = 100;
const RETRY_MS = 3000;
const SILENCE_MS = 5000;    // the server says something every second
const LABEL_COLOURS = 5;
const NOBODY = ["neither", "unsure"];
const SVG = "http://www.w3.org/2000/svg";

const at = (id) => document.getElementById(id);
const percent = (score, digits) => `${(100 * score).toFixed(digits)} %`;
const whole = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

let labels = [];
let stages = [];
let seconds = [];           // {at, stages_ms}
let skew = 0;               // what the server's clock is ahead of this one, seconds
let news = null;
let heard = 0;              // when it said something last, milliseconds
let retry = 0;
let view = null;            // ends the stream of pictures
let drawn = false;          // whether there ever was one
let owed = null;            // since when results come without any, milliseconds
let pointed = null;         // where in the chart somebody points, 0-1
const hidden = new Set();   // stages that were switched off

function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function make(kind, name, text) {
  const node = document.createElement(kind);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

function colour(node, label) {
  const index = NOBODY.includes(label) ? -1 : labels.indexOf(label);
  if (index < 0) delete node.dataset.label;
  else node.dataset.label = index % LABEL_COLOURS;
}

// --- how things stand -------------------------------------------------------------------------------------------------------

function showState(state, name, cause) {
  at("chip").dataset.state = state;
  put(at("state"), name);
  put(at("veil-state"), name);
  put(at("veil-cause"), cause);
  const online = state === "ONLINE";
  at("veil").dataset.shown = online ? "no" : "yes";
  if (!online) {
    at("answer").hidden = true;  // an answer to an old picture is none
    put(at("age"), "–");
    for (const row of at("scores").children) showScore(row, null);
    document.title = `${name} – catdog`;
  }
  showStage();
}

function showStage() {
  const live = at("chip").dataset.state === "ONLINE" && view !== null;
  at("stage").dataset.picture = !drawn ? "none" : live ? "live" : "past";
}

function onStatus(status) {
  put(at("source"), status.source);
  if (status.state === null) showState("WAITING", "Waiting", "no frame yet");
  else showState(status.state, status.state, status.state === "ONLINE" ? "" : status.cause);
  put(at("fps"), status.state === "ONLINE" ? status.fps.toFixed(1) : "–");
  put(at("results"), whole.format(status.results));
  drawChart();
}

function onLost() {
  view?.abort();
  showState("LOST", "No connection", "catdog-edge does not answer; trying again");
  put(at("fps"), "–");
}

// --- the answer -------------------------------------------------------------------------------------------------------------

function onResult(result) {
  if (result.label === undefined) return;  // a change or an error: status and events tell it
  put(at("label"), result.label);
  put(at("score"), percent(result.score, 0));
  colour(at("answer"), result.label);
  at("held").hidden = !result.held;
  at("answer").hidden = at("chip").dataset.state !== "ONLINE";
  put(at("age"), result.age_ms.toFixed(result.age_ms < 100 ? 1 : 0));
  document.title = `${result.label} ${percent(result.score, 0)} – catdog`;
  for (const row of at("scores").children) {
    showScore(row, result.scores[row.dataset.name] ?? null);
    row.classList.toggle("best", row.dataset.name === result.label);
  }
  owed ??= performance.now();
  if (performance.now() - owed > LATE_MS) view?.abort();  // the network has lost it; another is asked for
}

function showScore(row, score) {
  row.classList.remove("best");
  put(row.querySelector(".value"), score === null ? "–" : percent(score, 1));
  row.querySelector("i").style.transform = `translateX(${100 * (score ?? 0) - 100}%)`;
  row.querySelector(".bar").setAttribute("aria-valuenow", Math.round(100 * (score ?? 0)));
}

function makeScores() {
  at("scores").replaceChildren(...labels.map((label) => {
    const row = make("li");
    const bar = make("div", "bar");
    row.dataset.name = label;
    colour(row, label);
    bar.setAttribute("role", "meter");
    bar.setAttribute("aria-label", `Score of ${label}, percent`);
    bar.setAttribute("aria-valuemin", 0);
    bar.setAttribute("aria-valuemax", 100);
    bar.setAttribute("aria-valuenow", 0);
    bar.append(make("i"));
    row.append(make("span", "name", label), make("span", "value", "–"), bar);
    return row;
  }));
}

// --- the picture ------------------------------------------------------------------------------------------------------------

async function watch() {
  view?.abort();
  const mine = new AbortController();
  view = mine;
  owed = null;
  try {
    const reply = await fetch("/stream.mjpg", { signal: mine.signal });
    if (reply.ok) for await (const jpeg of partsOf(reply.body.getReader())) await draw(jpeg, mine.signal);
  } catch (error) {
    if (!(error instanceof DOMException || error instanceof TypeError)) throw error;  // broken off, by us or the network
  }
  if (view !== mine) return;  // another has begun
  view = null;
  showStage();
  setTimeout(() => { if (news !== null && view === null) watch(); }, RETRY_MS);
}

// The parts of multipart/x-mixed-replace, as this server sends them: each says how long it is.
async function* partsOf(reader) {
  let held = new Uint8Array();
  const text = new TextDecoder("latin1");
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const longer = new Uint8Array(held.length + value.length);
    longer.set(held);
    longer.set(value, held.length);
    held = longer;
    for (;;) {
      const head = text.decode(held.subarray(0, 300));
      const start = head.indexOf("\r\n\r\n") + 4;
      const end = start + Number(/Content-Length: (\d+)/i.exec(head)?.[1]);
      if (start < 4 || !(held.length >= end)) break;
      const jpeg = held.slice(start, end);
      held = held.slice(end);
      yield jpeg;
    }
  }
}

async function draw(jpeg, signal) {
  const bitmap = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
  const canvas = at("picture");
  if (signal.aborted) return;
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  at("stage").style.aspectRatio = `${bitmap.width} / ${bitmap.height}`;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  drawn = true;
  owed = null;
  showStage();
}

// --- what happened ----------------------------------------------------------------------------------------------------------

function onHappened(happening) {
  const row = make("li");
  const date = new Date(1000 * happening.at);
  const when = make("time", "", clock.format(date));
  const isEvent = happening.score !== null;
  const isState = !isEvent && happening.kind !== "error";
  row.dataset.kind = happening.kind;
  if (isEvent) colour(row, happening.text.slice(0, -happening.kind.length - 1));
  when.dateTime = date.toISOString();
  when.title = date.toLocaleString();
  const what = make("span", "what", isState ? happening.kind : isEvent ? happening.text : "Not classified");
  if (happening.kind === "appeared") what.append(make("span", "more", percent(happening.score, 0)));
  row.append(what, when);
  if (!isEvent) row.append(make("span", "more below", happening.text));
  at("events").prepend(row);
  while (at("events").children.length > MOST_EVENTS) at("events").lastChild.remove();
  at("no-events").hidden = true;
}

// --- where the time goes ----------------------------------------------------------------------------------------------------

function onSecond(second) {
  seconds.push(second);
}

function makeLegend() {
  at("legend").replaceChildren(...stages.map((stage) => {
    const button = make("button");
    button.type = "button";
    button.dataset.stage = stage;
    button.setAttribute("aria-pressed", !hidden.has(stage));
    button.append(make("span", "", stage), make("b", "", "–"));
    button.addEventListener("click", () => {
      if (!hidden.delete(stage)) hidden.add(stage);
      button.setAttribute("aria-pressed", !hidden.has(stage));
      drawChart();
    });
    return button;
  }));
}

function shape(kind, attributes, text) {
  const node = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

// The least of 1, 2, 2.5, 5 times a power of ten that three steps of are enough.
function stepFor(most) {
  const power = 10 ** Math.floor(Math.log10(most / 3));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => 3 * step >= most);
}

function drawChart() {
  const chart = at("chart");
  const width = chart.clientWidth, height = chart.clientHeight;
  if (!width) return;
  const now = Date.now() / 1000 + skew;
  const longest = SPANS_S[SPANS_S.length - 1];
  seconds = seconds.filter((second) => now - second.at <= longest + 2);
  const span = SPANS_S.find((length) => !seconds.length || now - seconds[0].at <= length) ?? longest;
  const shown = stages.filter((stage) => !hidden.has(stage));
  const sum = (second) => shown.reduce((total, stage) => total + second.stages_ms[stage], 0);
  // One slow second must not flatten the others: it is cut off, and its height written.
  const sums = seconds.map(sum).sort((one, other) => one - other);
  const usual = 1.3 * (sums[Math.floor(0.95 * (sums.length - 1))] ?? 0), most = sums[sums.length - 1] ?? 0;
  const step = stepFor(Math.max(1, most > 2 * usual ? usual : most));
  const left = 34, top = 8, bottom = 20, right = 6;
  const x = (time) => left + (width - left - right) * (1 - Math.max(0, Math.min(1, (now - time) / span)));
  const y = (value) => height - bottom - (height - top - bottom) * Math.min(1, value / (3 * step));
  const parts = [];
  for (let line = 0; line <= 3; line++) {
    parts.push(shape("line", { class: "rule", x1: left, x2: width - right, y1: y(line * step), y2: y(line * step) }));
    parts.push(shape("text", { x: left - 7, y: y(line * step) + 4, "text-anchor": "end" }, String(+(line * step).toPrecision(3))));
  }
  for (const [share, anchor] of [[1, "start"], [0.5, "middle"], [0, "end"]]) {
    const text = share ? `${span * share} s` : "now";
    parts.push(shape("text", { x: x(now - share * span), y: height - 3, "text-anchor": anchor }, text));
  }
  const base = new Map(seconds.map((second) => [second, 0]));
  for (const stage of [...shown].reverse()) {  // what takes most, the model, lies at the ground
    let path = "";
    for (const run of runsOf(seconds)) {
      const lower = run.map((second) => `${x(second.at).toFixed(1)},${y(base.get(second)).toFixed(1)}`);
      for (const second of run) base.set(second, base.get(second) + second.stages_ms[stage]);
      const upper = run.map((second) => `${x(second.at).toFixed(1)},${y(base.get(second)).toFixed(1)}`);
      path += `M${upper.join("L")}L${lower.reverse().join("L")}Z`;
    }
    parts.push(shape("path", { "data-stage": stage, d: path || "M0,0" }));
  }
  if (most > 3 * step) {
    const peak = seconds.find((second) => sum(second) === most);
    const side = x(peak.at) > width / 2 ? "end" : "start";
    parts.push(shape("text", { class: "peak", x: x(peak.at), y: top + 14, dx: side === "end" ? -6 : 6, "text-anchor": side }, `↑ ${whole.format(Math.round(most))}`));
  }
  const told = pointed === null ? seconds.findLast((second) => now - second.at < 3) : nearest(now - span * (1 - (pointed - left) / (width - left - right)));
  if (pointed !== null && told) parts.push(shape("line", { class: "at", x1: x(told.at), x2: x(told.at), y1: top, y2: y(0) }));
  chart.replaceChildren(...parts);
  chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
  at("legend").classList.toggle("paused", !told);
  put(at("when"), pointed !== null && told ? `${clock.format(new Date(1000 * told.at))}, ms` : "mean of each second, ms");
  for (const button of at("legend").children) {
    put(button.lastChild, told ? told.stages_ms[button.dataset.stage].toFixed(1) : "–");
  }
}

// Seconds without results are a gap, not a straight line.
function runsOf(all) {
  const runs = [];
  for (const second of all) {
    const run = runs[runs.length - 1];
    if (run && second.at - run[run.length - 1].at < 2.5) run.push(second);
    else runs.push([second]);
  }
  return runs;
}

function nearest(time) {
  return seconds.reduce((best, second) => (best && Math.abs(best.at - time) <= Math.abs(second.at - time) ? best : second), null);
}

function point(event) {
  pointed = event === null ? null : event.clientX - at("chart").getBoundingClientRect().left;
  drawChart();
}

// --- the connection ---------------------------------------------------------------------------------------------------------

function onModel(model) {
  labels = model.labels;
  put(at("model"), [model.name, model.id, model.input, labels.join(", "), model.backend].filter(Boolean).join("  ·  "));
  makeScores();
}

function onHello(hello) {
  stages = hello.stages;
  seconds = hello.seconds;
  skew = hello.now - Date.now() / 1000;
  onModel(hello.model);
  makeLegend();
  at("events").replaceChildren();
  at("no-events").hidden = false;
  hello.happenings.forEach(onHappened);
  drawChart();
  watch();
}

function listen() {
  const source = new EventSource("/events");
  news = source;
  heard = performance.now();
  const on = (kind, take) => source.addEventListener(kind, (message) => {
    heard = performance.now();
    take(JSON.parse(message.data));
  });
  on("hello", onHello);
  on("model", onModel);
  on("result", onResult);
  on("status", onStatus);
  on("second", onSecond);
  on("happened", onHappened);
  source.addEventListener("error", () => {
    onLost();
    if (source.readyState !== EventSource.CLOSED) return;  // it tries again by itself
    clearTimeout(retry);
    retry = setTimeout(listen, RETRY_MS);
  });
}

function pause() {
  clearTimeout(retry);
  news?.close();
  news = null;
  view?.abort();
}

// A network that is gone, or a server that hangs, does not say so.
function listenAgain() {
  if (news === null || performance.now() - heard < SILENCE_MS) return;
  news.close();
  onLost();
  listen();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) pause();
  else if (news === null) listen();
});
addEventListener("pagehide", pause);
addEventListener("pageshow", (event) => { if (event.persisted && news === null) listen(); });
at("chart").addEventListener("pointermove", point);
at("chart").addEventListener("pointerleave", () => point(null));
new ResizeObserver(drawChart).observe(at("chart"));
setInterval(listenAgain, 1000);
if (!document.hidden) listen();
