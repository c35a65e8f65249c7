// Comfort on the lead page: keys, changes without a reload, filters that apply at once, the lead beside the list.
// Without this file everything works by plain forms.
import { Pane } from "./pane.js";
import { watch } from "./presence.js";

const wide = window.matchMedia("(min-width: 60.01rem)");
const two = window.matchMedia("(min-width: 75rem)"); // room for a list and a lead
const form = document.getElementById("filters");
const bulk = document.getElementById("bulk");
const said = document.getElementById("said");
const menu = document.getElementById("status-menu");
const help = document.getElementById("help");
const list = document.getElementById("list");
let rows = [...list.querySelectorAll("li.lead")];
const KEYS_OFF = "tingzhen.keys.off";
const PLACE = "tingzhen.place";

// --- filters ---------------------------------------------------------------

// Empty fields stay out of the address. FormData tells what would be sent before any field is switched off.
form.addEventListener("submit", () => {
  for (const field of form.elements) {
    if (field.name && !field.value) field.disabled = true;
  }
});
window.addEventListener("pageshow", () => {
  for (const field of form.elements) field.disabled = false;
});
document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.form !== form || field.id === "q") return;
  if (!wide.matches) return; // a telephone's panel is sent as a whole
  // An area takes the place of a clinic's surroundings: choosing a place again takes it back.
  if (field.name === "near") form.elements.area.value = "";
  sessionStorage.setItem(PLACE, JSON.stringify({ field: field.name, value: field.value }));
  form.requestSubmit();
});

function backToField() {
  const kept = JSON.parse(sessionStorage.getItem(PLACE) || "null");
  if (!kept || !kept.field) return;
  sessionStorage.removeItem(PLACE);
  const fields = [...form.elements].filter((field) => field.name === kept.field);
  const same = fields.find((field) => field.value === kept.value) || fields[0];
  if (same) same.focus({ preventScroll: true });
}
backToField();

document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll(".menu[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

// --- moving ----------------------------------------------------------------

const focused = () => rows.indexOf(document.activeElement?.closest?.("li.lead"));
const box = (row) => row.querySelector(".pick input");
const chosen = () => rows.filter((row) => box(row).checked);

// Where one is in the list: the row with the focus, or the one that is shown beside it while one works there.
function current() {
  const at = focused();
  const there = document.activeElement;
  const aside = pane.section.contains(there) || (pane.walked && there === document.body);
  return at < 0 && aside ? rows.findIndex((row) => row.id === pane.open) : at;
}
// What a key means that changes something.
const meant = () => rows[focused()] || (two.matches && rows.find((row) => row.id === pane.open));

function go(step) {
  if (!rows.length) return;
  const at = current();
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
  stand(rows[Math.max(0, Math.min(rows.length - 1, next))]);
}

function stand(row) {
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  pane.walked = true;
  beside(row);
}

function openRow() {
  const row = meant();
  if (row) window.location.assign(row.querySelector("a.open").href);
}

function pick() {
  const row = meant();
  if (!row) return;
  box(row).checked = !box(row).checked;
  showChosen();
}

function showChosen() {
  if (!bulk) return;
  const number = chosen().length;
  bulk.hidden = number === 0;
  said.style.bottom = bulk.hidden ? "1rem" : `calc(${bulk.offsetHeight}px + .5rem)`;
  bulk.querySelector(".chosen").textContent = `选中 ${number} 条`;
  showWhy();
}

// --- changing --------------------------------------------------------------

const why = bulk?.querySelector(".why");

function showWhy() {
  why.hidden = bulk.elements.status.value !== "dismissed";
}

// One request for many leads. The answer is the page as it is now: its list, counts and message take the place of ours.
async function send(action, data, next = "") {
  tell("正在更新…");
  try {
    const answer = await fetch(action, { method: "POST", body: new URLSearchParams(data) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("said");
    if (!now) return tell(page.querySelector(".problem")?.textContent || "没有更新成功：请刷新页面后再试。", true);
    if (answer.ok) bulk?.reset();
    show(page, next);
    announce(now);
  } catch {
    tell("没有更新成功：请检查网络，刷新页面后再试。", true);
  }
}

function change(targets, fields, next = "") {
  const data = new FormData(bulk);
  data.delete("lead");
  for (const row of targets) data.append("lead", box(row).value);
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  send(bulk.action, data, next);
}

// `next`: the id of the lead to go on with; "": where one was.
function show(page, next = "") {
  const at = Math.max(current(), next ? 0 : -1);
  const id = next || rows[at]?.id;
  for (const part of ["#list", "#facets", "#filters .fields"]) {
    const [ours, theirs] = [document.querySelector(part), page.querySelector(part)];
    if (ours && theirs) ours.replaceChildren(...theirs.childNodes);
  }
  rows = [...list.querySelectorAll("li.lead")];
  showChosen();
  showOpeners();
  // One goes on where one was: with the same lead, or with the one that took its place.
  const row = rows.find((each) => each.id === id) || rows[Math.min(at, rows.length - 1)];
  if (at >= 0 && row && !pane.section.contains(document.activeElement)) stand(row);
  else beside(rows.find((each) => each.id === pane.open) || rows[0], false);
}

// --- the lead beside the list ------------------------------------------------

const pane = new Pane(document.getElementById("pane"), refresh);
const presence = watch(
  list.dataset.csrf,
  () => ({ open: two.matches ? pane.open : "", rows: rows.map((row) => row.id) }),
  (others) => {
    for (const row of rows) {
      row.querySelector(".here").textContent = others[row.id] ? `${others[row.id]}正在看` : "";
    }
    pane.names(others[pane.open]);
  },
);

// A lead that was changed is read anew; one that is only stood on again is not, so that what was typed stays.
function beside(row, anew = true) {
  if (!two.matches || !row) return;
  for (const each of rows) {
    if (each === row) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
  }
  const version = box(row).value;
  if (row.id === pane.open && !anew && [null, version].includes(pane.version)) {
    pane.version = version;
    return;
  }
  pane.version = version;
  pane.show(row.id, row.querySelector("a.open").href);
  presence();
}

// What was changed beside the list: the list follows.
async function refresh() {
  const answer = await fetch(location.href);
  pane.version = null; // what is shown is newer than the list was
  if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

function arrange() {
  document.getElementById("main").classList.toggle("panes", two.matches);
  pane.section.hidden = !two.matches || !pane.open;
  if (!pane.open) beside(rows[0]);
}
two.addEventListener("change", arrange);
arrange();

list.addEventListener("click", (event) => {
  const link = event.target.closest("a.open");
  if (!link || !two.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  stand(link.closest("li.lead"));
});

// --- the message at the bottom ---------------------------------------------

const LASTS = 8000; // ms that a change can be taken back here; a refusal stays until it is closed
let timer = 0;

// The element stays where it is, so that what is put into it is read out.
function announce(message) {
  clearTimeout(timer);
  const problem = message.classList.contains("problem");
  said.setAttribute("role", problem ? "alert" : "status");
  said.classList.toggle("problem", problem);
  said.replaceChildren(...message.childNodes);
  undo = said.querySelector("[name=undo]")?.value || (problem ? undo : "");
  count();
}

let undo = "";
// Also when the message is gone: the server says for how long.
function takeBack() {
  if (!undo || !bulk) return tell("没有刚做的改动可以撤销。");
  const data = new FormData(bulk);
  data.set("undo", undo);
  send("/leads/bulk/undo", data);
}

function tell(sentence, problem = false) {
  const message = document.createElement("div");
  message.classList.toggle("problem", problem);
  const close = Object.assign(document.createElement("a"), { className: "close", href: "", textContent: "×" });
  close.setAttribute("aria-label", "关闭这条消息");
  message.append(Object.assign(document.createElement("p"), { textContent: sentence }), ...(problem ? [close] : []));
  announce(message);
}

// Who reads it or has its button in hand is not hurried.
function count() {
  clearTimeout(timer);
  if (said.hasChildNodes() && !said.classList.contains("problem")) {
    timer = setTimeout(() => (said.matches(":hover, :focus-within") ? count() : said.replaceChildren()), LASTS);
  }
}

said.addEventListener("click", (event) => {
  if (!event.target.closest(".close")) return;
  event.preventDefault();
  said.replaceChildren();
});
said.addEventListener("submit", (event) => {
  event.preventDefault();
  const data = new FormData(event.target, event.submitter);
  (rows[Math.max(current(), 0)] || document.getElementById("q")).focus({ preventScroll: true });
  send(event.target.action, data);
});
count();

bulk?.addEventListener("submit", (event) => {
  event.preventDefault();
  change(chosen(), {});
});
bulk?.addEventListener("change", showWhy);
list.addEventListener("change", showChosen);

// --- menus: status, person, day ---------------------------------------------

const UNCHANGED = { status: "-", assignee: "-", reason: "", snoozed_until: "" };
const assign = document.getElementById("assign-menu");
const snooze = document.getElementById("snooze-menu");
const statuses = menu?.querySelector(".options");
const reasons = menu?.querySelector(".reasons-to");
let targets = [];
let returnTo = null;

function openMenu(dialog, title) {
  const row = meant();
  targets = chosen().length ? chosen() : row ? [row] : [];
  if (!targets.length || !dialog) return;
  returnTo = row || targets[0];
  dialog.querySelector("h2").textContent = targets.length > 1 ? `${title}（${targets.length} 条）` : title;
  dialog.showModal();
}

function openStatus() {
  if (!menu) return;
  statuses.hidden = false;
  reasons.hidden = true;
  openMenu(menu, "改状态");
}

function finish(dialog, fields) {
  dialog.close();
  change(targets, { ...UNCHANGED, ...fields });
}

function picked(dialog, { status, reason, assignee, until }) {
  if (status === "dismissed") askWhy();
  else if (status) finish(dialog, { status });
  else if (reason) finish(dialog, { status: "dismissed", reason });
  else if (until) finish(dialog, { snoozed_until: until });
  else if (assignee !== undefined) finish(dialog, { assignee });
}

for (const dialog of [menu, assign, snooze].filter(Boolean)) {
  dialog.addEventListener("close", () => returnTo?.isConnected && returnTo.focus({ preventScroll: true }));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) return dialog.close();
    const button = event.target.closest(".options button");
    if (button) picked(dialog, button.dataset);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.target.matches("input")) return;
    const options = [...dialog.querySelectorAll(".options:not([hidden]) button")];
    const named = options.find((button) => button.querySelector("kbd").textContent === event.key);
    if (named) {
      event.preventDefault();
      return named.click();
    }
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = options.indexOf(document.activeElement);
    options[(at + step + options.length) % options.length].focus();
  });
}
snooze?.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  finish(snooze, { snoozed_until: event.target.elements.day.value });
});

function askWhy() {
  statuses.hidden = true;
  reasons.hidden = false;
  menu.querySelector("h2").textContent = "为什么排除？";
  reasons.querySelector("button").focus();
}

// Seen, and on to the next; what is further than seen stays as it is.
function seen() {
  const row = meant();
  if (!row) return;
  const next = rows[rows.indexOf(row) + 1];
  if (row.dataset.status !== "new") return next && stand(next);
  change([row], { ...UNCHANGED, status: "seen" }, next?.id);
}

// --- keys ------------------------------------------------------------------

const off = document.getElementById("keys-off");
if (off) {
  off.checked = localStorage.getItem(KEYS_OFF) === "1";
  off.addEventListener("change", () => localStorage.setItem(KEYS_OFF, off.checked ? "1" : "0"));
}
function showOpeners() {
  for (const button of document.querySelectorAll("[data-open]")) {
    button.hidden = !document.getElementById(button.dataset.open);
  }
}
showOpeners();
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-open]");
  if (opener) document.getElementById(opener.dataset.open)?.showModal();
});

const actions = {
  j: () => go(1),
  k: () => go(-1),
  x: pick,
  e: seen,
  u: takeBack,
  a: () => openMenu(assign, "交给谁"),
  s: () => openMenu(snooze, "暂缓到哪天"),
  c: openStatus,
  o: openRow,
  "/": () => document.getElementById("q").select(),
  "?": () => help?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || off?.checked) return;
  if (document.querySelector("dialog[open]")) return;
  const typing = event.target.closest?.("input:not([type=checkbox]), select, textarea");
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "Enter" && event.target.matches?.("li.lead")) return openRow();
  const act = actions[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

if (bulk) showChosen();
