// The console's script: keeps the open page up to date, copies statements, filters tables, sends actions.
// Vanilla, one file, nothing from elsewhere. The token stays in this page's memory and is asked for again after a reload.
"use strict";

const database = document.body.dataset.database;
const api = `/api/v1/databases/${database}`;
const main = document.getElementById("main");
const live = document.getElementById("live");
const said = document.getElementById("said");
let token = null;

// ---- What assistive technology is told of.
function say(text) {
  said.textContent = "";
  requestAnimationFrame(() => { said.textContent = text; });
}

// ---- Light or dark: the system's, until somebody chooses.
const schemes = ["light", "dark"];
function paint() {
  const chosen = localStorage.getItem("scheme");
  if (schemes.includes(chosen)) document.documentElement.dataset.scheme = chosen;
}
function turn() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.scheme || (dark ? "dark" : "light");
  localStorage.setItem("scheme", now === "dark" ? "light" : "dark");
  paint();
}
paint();
document.getElementById("theme").addEventListener("click", turn);

// ---- Times in the reader's own zone; the exact one stays in the title.
function localise(part) {
  for (const time of part.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = time.dateTime;
    time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  }
}

// ---- The middle of the page is asked for again at every event and put in place where it differs.
let shown = null;
let asking = false;
let wanted = false;

function isBusy() {
  const selection = getSelection();
  const selects = selection && !selection.isCollapsed && main.contains(selection.anchorNode);
  const active = document.activeElement;
  return selects || (active && main.contains(active) && active.matches("input, select, textarea"));
}

async function refresh() {
  if (asking) { wanted = true; return; }
  asking = true;
  try {
    const answer = await fetch(location.pathname + location.search, { headers: { "x-transhume-part": "main" } });
    const text = await answer.text();
    if (answer.ok && text !== shown && !isBusy()) replace(text);
  } catch {
    // The events tell of a console that is gone.
  } finally {
    asking = false;
    if (wanted) { wanted = false; refresh(); }
  }
}

function replace(text) {
  const open = new Set([...main.querySelectorAll("details[open][id]")].map((one) => one.id));
  const closed = new Set([...main.querySelectorAll("details:not([open])[id]")].map((one) => one.id));
  const kept = [...main.querySelectorAll("[data-keep][id]")].map((one) => [one.id, [...one.childNodes]]);
  const focused = path(document.activeElement);
  main.innerHTML = text;
  shown = text;
  for (const one of main.querySelectorAll("details[id]")) {
    if (open.has(one.id)) one.open = true;
    if (closed.has(one.id)) one.open = false;
  }
  for (const [id, nodes] of kept) document.getElementById(id)?.replaceChildren(...nodes);
  localise(main);
  actions();
  if (focused) find(focused)?.focus({ preventScroll: true });
}

// Where an element stands among those that can be reached by keyboard.
function path(element) {
  if (!element || !main.contains(element) || element === main) return null;
  const all = [...main.querySelectorAll("a, button, summary")];
  return { index: all.indexOf(element), text: element.textContent };
}
function find({ index, text }) {
  const found = [...main.querySelectorAll("a, button, summary")][index];
  return found && found.textContent === text ? found : null;
}

// ---- Events: a browser comes again by itself; the head says whether what is shown is of now.
let lost = null;
function listen() {
  const events = new EventSource(`${api}/events`);
  events.addEventListener("status", (event) => {
    const figures = JSON.parse(event.data) || {};
    if (lost && document.hidden === false) say("Live again");
    lost = null;
    live.textContent = figures.error ? "no answer from the target" : "live";
    live.className = figures.error ? "live bad" : "live good";
    const mark = figures.error || figures.needs_attention ? "⚠ " : "";
    document.title = mark + document.title.replace(/^⚠ /, "");
    if (grid) load(); else refresh();
  });
  events.addEventListener("error", () => {
    lost = lost || new Date();
    live.textContent = `not live since ${lost.toLocaleTimeString()}`;
    live.className = "live bad";
    // Ended for good, as by a proxy's answer: try again.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
}

// ---- Copying.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // Without TLS on another host browsers refuse: the text is chosen for Ctrl-C instead.
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    say("Selected: press Ctrl-C to copy");
    return;
  }
  button.textContent = "Copied";
  say("Copied");
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});

// ---- Actions: only where the console allows them, and with the token.
function actions() {
  const allowed = "acts" in document.body.dataset;
  for (const button of main.querySelectorAll("[data-act]")) {
    button.disabled = !allowed;
    if (!allowed) button.title = "This console is read-only: start it with --token-file to allow actions";
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-act]");
  if (!button || button.disabled) return;
  if (!token) token = await ask();
  if (!token) return;
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`${api}/${button.dataset.act}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
    const body = await answer.json();
    if (answer.status === 403) token = null;
    told(button, answer.ok, body);
  } catch (error) {
    told(button, false, { error: { message: String(error), hint: "" } });
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
    refresh();
  }
});

// A dialog of the browser's own, which gives the focus back and closes by Escape.
function ask() {
  const dialog = document.createElement("dialog");
  dialog.innerHTML = `<form method="dialog"><h2>Token</h2>
    <label>Actions need the token that this console was started with.
    <input type="password" autocomplete="off" required></label>
    <p class="actions"><button value="send">Go on</button> <button value="" formnovalidate>Cancel</button></p></form>`;
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      const given = dialog.returnValue === "send" ? dialog.querySelector("input").value.trim() : null;
      dialog.remove();
      done(given || null);
    });
  });
}

function told(button, isDone, body) {
  const into = document.getElementById(button.dataset.into || "");
  const message = isDone ? "Done" : `${body.error.message}. ${body.error.hint}`;
  say(message);
  if (into && isDone && body.conditions) return into.replaceChildren(checks(body.conditions));
  const line = document.createElement("p");
  line.className = isDone ? "good" : "bad";
  line.textContent = message;
  if (into) into.replaceChildren(line);
  else { button.after(line); setTimeout(() => line.remove(), 8000); }
}

function checks(conditions) {
  const around = document.createElement("div");
  around.className = "scroll";
  around.tabIndex = 0;
  around.setAttribute("role", "region");
  around.setAttribute("aria-label", "Checks");
  const table = document.createElement("table");
  table.innerHTML = `<thead><tr><th scope="col">Check</th><th scope="col">State</th><th scope="col">Evidence</th></tr></thead>`;
  const rows = table.createTBody();
  const tones = { met: "good", degraded: "warning", unmet: "bad", overridden: "bad" };
  for (const { name, state, evidence, remedy } of conditions) {
    const row = rows.insertRow();
    row.insertCell().textContent = name;
    const cell = row.insertCell();
    cell.textContent = { met: "passed", unmet: "failed", degraded: "warning" }[state] || state;
    cell.className = tones[state] || "";
    row.insertCell().textContent = remedy ? `${evidence}. ${remedy}` : evidence;
  }
  around.append(table);
  return around;
}

// ---- The grid of all tables: ten thousand rows, of which only those in sight are in the page.
const grid = document.getElementById("grid");
const HEIGHT = 36;
let tables = [];
let visible = [];
let sorted = { key: "name", down: false };
let current = 0;
let read = 0;

const sizes = [["TB", 2 ** 40], ["GB", 2 ** 30], ["MB", 2 ** 20], ["kB", 2 ** 10]];
function size(bytes) {
  const [unit, one] = sizes.find(([, one]) => bytes >= one) || ["B", 1];
  const value = bytes / one;
  return `${value.toFixed(one === 1 || value >= 100 ? 0 : value >= 10 ? 1 : 2)} ${unit}`;
}
const number = new Intl.NumberFormat("en");
function age(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

// What a row shows, sorts by and is filtered by, once for each reading.
function prepare(table) {
  const verified = table.verified;
  const result = !verified ? "never" : verified.equal === null ? "not compared" : verified.equal ? "equal" : "differs";
  const state = table.is_waited_for ? "waited for" : table.state;
  const changed = table.changed || { inserts: -1, updates: -1, deletes: -1 };
  const tone = result === "differs" || table.exceptions > 0 ? "bad"
    : state === "loaded" ? (result === "not compared" ? "warning" : "") : "warning";
  const name = `${table.schema}.${table.name}`;
  return {
    name, state, tone, bytes: table.bytes, share: table.load.share, exceptions: table.exceptions, ...changed,
    verified: result,
    found: `${name} ${state} ${result}`.toLowerCase(),
    cells: [
      name, state, size(table.bytes), `${Math.floor(table.load.share * 100)} %`,
      ...[changed.inserts, changed.updates, changed.deletes].map((count) => (count < 0 ? "?" : number.format(count))),
      number.format(table.exceptions),
      verified ? `${result} ${age(verified.age_seconds)} ago` : result,
    ],
  };
}

async function load() {
  // A reading of all tables is no matter of seconds where there are many.
  if (Date.now() - read < (tables.length > 1000 ? 10000 : 2000)) return;
  read = Date.now();
  try {
    const answer = await fetch(`${api}/tables`);
    const body = await answer.json();
    if (!answer.ok) { document.getElementById("count").textContent = body.error.message; return; }
    tables = body.tables.map(prepare);
    choose();
  } catch {
    // The events tell of a console that is gone.
  }
}

function choose() {
  const words = document.getElementById("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const onlyApart = document.getElementById("unordered").checked;
  visible = tables.filter((table) => (!onlyApart || table.tone) && words.every((word) => table.found.includes(word)));
  const { key, down } = sorted;
  const order = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
  visible.sort((one, other) => (down ? -1 : 1) * order(one[key], other[key]) || order(one.name, other.name));
  current = Math.min(current, Math.max(visible.length - 1, 0));
  document.getElementById("count").textContent = visible.length === tables.length
    ? `${number.format(tables.length)} ${tables.length === 1 ? "table" : "tables"}`
    : `${number.format(visible.length)} of ${number.format(tables.length)} tables`;
  grid.setAttribute("aria-rowcount", visible.length + 1);
  const room = Math.max(visible.length, 2) * HEIGHT;
  document.getElementById("rows").style.height = `${room}px`;
  // No taller than its rows, and 18 pixels for a bar to scroll by.
  grid.style.height = `min(70vh, ${room + HEIGHT + 18}px)`;
  draw();
}

function draw() {
  const rows = document.getElementById("rows");
  const first = Math.max(0, Math.floor(grid.scrollTop / HEIGHT) - 5);
  const last = Math.min(visible.length, first + Math.ceil(grid.clientHeight / HEIGHT) + 10);
  const part = document.createDocumentFragment();
  for (let index = first; index < last; index += 1) {
    const row = document.createElement("div");
    row.className = `row ${visible[index].tone} ${index === current ? "current" : ""}`;
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", index + 2);
    row.style.top = `${index * HEIGHT}px`;
    visible[index].cells.forEach((text, column) => {
      const cell = document.createElement("span");
      cell.setAttribute("role", "cell");
      if (column >= 2 && column <= 7) cell.className = "number";
      cell.textContent = text;
      if (column === 0) cell.title = text;
      row.append(cell);
    });
    part.append(row);
  }
  if (visible.length === 0) {
    const none = document.createElement("div");
    none.className = "empty";
    none.textContent = tables.length ? "No table matches." : "No table yet.";
    part.append(none);
  }
  rows.replaceChildren(part);
}

function move(to) {
  current = Math.min(Math.max(to, 0), visible.length - 1);
  const top = current * HEIGHT;
  const room = grid.clientHeight - 2 * HEIGHT;
  if (top < grid.scrollTop) grid.scrollTop = top;
  if (top > grid.scrollTop + room) grid.scrollTop = top - room;
  draw();
  if (visible[current]) say(visible[current].cells.join(", "));
}

if (grid) {
  document.getElementById("filter").addEventListener("input", () => { grid.scrollTop = 0; choose(); });
  document.getElementById("unordered").addEventListener("change", choose);
  document.querySelector("form.filters").addEventListener("submit", (event) => event.preventDefault());
  grid.addEventListener("scroll", () => requestAnimationFrame(draw));
  addEventListener("resize", draw);
  for (const head of grid.querySelectorAll("[data-sort]")) {
    head.addEventListener("click", () => {
      const key = head.dataset.sort;
      const column = head.parentElement;
      sorted = { key, down: sorted.key === key ? !sorted.down : column.classList.contains("number") };
      for (const other of grid.querySelectorAll("[aria-sort]")) other.setAttribute("aria-sort", "none");
      column.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      choose();
    });
  }
  grid.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(grid.clientHeight / HEIGHT) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (!(event.key in steps) || event.target !== grid) return;
    event.preventDefault();
    move(current + steps[event.key]);
  });
  load();
}

// ---- Keys.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  if (document.querySelector("dialog[open]")) return;
  const page = document.querySelectorAll("nav.pages a")[Number(event.key) - 1];
  const filter = document.getElementById("filter");
  if (page) page.click();
  else if (event.key === "/" && filter) { event.preventDefault(); filter.focus(); }
  else if (event.key === "t") turn();
});

// On a narrow screen the page's own tab may lie outside.
document.querySelector("nav.pages [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
localise(document);
actions();
listen();
