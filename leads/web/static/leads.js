// Comfort on the lead page: keys, changes without a reload, filters that apply at once.
// Without this file everything works by plain forms.

const wide = window.matchMedia("(min-width: 60.01rem)");
const form = document.getElementById("filters");
const bulk = document.getElementById("bulk");
const said = document.getElementById("said");
const menu = document.getElementById("status-menu");
const help = document.getElementById("help");
const rows = [...document.querySelectorAll("li.lead")];
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
  const count = chosen().length;
  bulk.hidden = count === 0;
  bulk.querySelector(".chosen").textContent = `选中 ${count} 条`;
  showWhy();
}

// --- changing --------------------------------------------------------------

const why = bulk?.querySelector(".why");

function showWhy() {
  why.hidden = bulk.elements.status.value !== "dismissed";
}

function tell(sentence, problem = false) {
  said.textContent = sentence;
  said.classList.toggle("problem", problem);
}

// One request for many leads; rows show what the server answers.
async function change(targets, fields) {
  const data = new FormData(bulk);
  data.delete("lead");
  for (const row of targets) data.append("lead", box(row).value);
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  tell("正在更新…");
  try {
    const answer = await fetch(bulk.action, {
      method: "POST", body: new URLSearchParams(data), headers: { Accept: "application/json" },
    });
    const told = await answer.json();
    if (!answer.ok) return tell(told.problem || "没有更新成功：请刷新页面后再试。", true);
    targets.forEach((row) => refresh(row, told[row.id]));
    tell(`已更新 ${Object.keys(told).length} 条线索。`);
  } catch {
    tell("没有更新成功：请检查网络，刷新页面后再试。", true);
  }
}

function refresh(row, state) {
  box(row).checked = false;
  showChosen();
  if (!state) return;
  box(row).value = `${state.version}:${row.id}`;
  const status = row.querySelector(".status");
  status.className = `status ${state.status}`;
  status.textContent = state.statusName;
  row.querySelector(".assignee").textContent = state.assignee;
}

bulk?.addEventListener("submit", (event) => {
  event.preventDefault();
  change(chosen(), {});
});
bulk?.addEventListener("change", showWhy);
document.querySelector("ol.leads")?.addEventListener("change", showChosen);

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
for (const button of document.querySelectorAll("[data-open]")) {
  button.hidden = !document.getElementById(button.dataset.open);
  button.addEventListener("click", () => document.getElementById(button.dataset.open)?.showModal());
}

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
