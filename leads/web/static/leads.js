// Comfort on the lead page: keys, changes without a reload, filters that apply at once.
// Without this file everything works by plain forms.

const wide = window.matchMedia("(min-width: 60.01rem)");
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
  const inPanel = field.closest(".facets") && !wide.matches;
  if (inPanel) return; // a telephone's panel is sent as a whole
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

const current = () => rows.indexOf(document.activeElement?.closest?.("li.lead"));
const box = (row) => row.querySelector(".pick input");
const chosen = () => rows.filter((row) => box(row).checked);

function go(step) {
  if (!rows.length) return;
  const at = current();
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
  const row = rows[Math.max(0, Math.min(rows.length - 1, next))];
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function openRow() {
  const row = rows[current()];
  if (row) window.location.assign(row.querySelector("a.open").href);
}

function pick() {
  const row = rows[current()];
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
async function send(action, data) {
  tell("正在更新…");
  try {
    const answer = await fetch(action, { method: "POST", body: new URLSearchParams(data) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("said");
    if (!now) return tell(page.querySelector(".problem")?.textContent || "没有更新成功：请刷新页面后再试。", true);
    if (answer.ok) bulk?.reset();
    show(page);
    announce(now);
  } catch {
    tell("没有更新成功：请检查网络，刷新页面后再试。", true);
  }
}

function change(targets, fields) {
  const data = new FormData(bulk);
  data.delete("lead");
  for (const row of targets) data.append("lead", box(row).value);
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  send(bulk.action, data);
}

function show(page) {
  const at = current();
  const id = rows[at]?.id;
  for (const part of ["#list", "#facets", "#filters .fields"]) {
    const [ours, theirs] = [document.querySelector(part), page.querySelector(part)];
    if (ours && theirs) ours.replaceChildren(...theirs.childNodes);
  }
  rows = [...list.querySelectorAll("li.lead")];
  showChosen();
  showOpeners();
  // One goes on where one was: with the same lead, or with the one that took its place.
  const next = rows.find((row) => row.id === id) || rows[Math.min(at, rows.length - 1)];
  if (at >= 0 && next) next.focus({ preventScroll: true });
}

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
  count();
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

// --- the status menu -------------------------------------------------------

let targets = [];
const statuses = menu?.querySelector(".options");
const reasons = menu?.querySelector(".reasons-to");

function openMenu() {
  const row = rows[current()];
  targets = chosen().length ? chosen() : row ? [row] : [];
  if (!targets.length || !menu) return;
  returnTo = row || targets[0];
  statuses.hidden = false;
  reasons.hidden = true;
  menu.querySelector("h2").textContent = targets.length > 1 ? `改 ${targets.length} 条的状态` : "改状态";
  menu.showModal();
}

let returnTo = null;
menu?.addEventListener("close", () => returnTo?.focus({ preventScroll: true }));
menu?.addEventListener("click", (event) => {
  if (event.target === menu) return menu.close();
  const button = event.target.closest("button");
  if (button?.dataset.status === "dismissed") return askWhy();
  if (button?.dataset.status) finish({ status: button.dataset.status });
  if (button?.dataset.reason) finish({ status: "dismissed", reason: button.dataset.reason });
});
menu?.addEventListener("keydown", (event) => {
  const options = [...(statuses.hidden ? reasons : statuses).querySelectorAll("button")];
  const number = Number.parseInt(event.key, 10);
  if (number >= 1 && number <= options.length) return options[number - 1].click();
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const at = options.indexOf(document.activeElement);
  options[(at + step + options.length) % options.length].focus();
});

function askWhy() {
  statuses.hidden = true;
  reasons.hidden = false;
  menu.querySelector("h2").textContent = "为什么排除？";
  reasons.querySelector("button").focus();
}

function finish(fields) {
  menu.close();
  change(targets, { assignee: "-", reason: "", ...fields });
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
  s: openMenu,
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
