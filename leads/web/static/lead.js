// Comfort for a lead, on its own page and beside the list: the reply is checked while one writes, and copied with one
// click; who else looks at it is said. Without this script a button checks, and the text is selected by hand. Nothing
// here sends a reply anywhere.
import { watch } from "./presence.js";

const PAUSE = 400; // ms without a key

function made(tag, text, title = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (title) element.title = title;
  return element;
}

function show(field, shown, { runs, findings }) {
  shown.replaceChildren();
  if (!findings.length) {
    const good = made("p", field.value.trim() ? "没有发现违规用语。这只是词语检查，不代替人工判断。" : "");
    if (good.textContent) good.className = "done";
    shown.append(good);
    return;
  }
  const text = made("p", "");
  text.className = "text marked";
  for (const run of runs) {
    const part = run.title ? made("mark", run.text, run.title) : document.createTextNode(run.text);
    if (run.title) part.className = "bad";
    text.append(part);
  }
  const list = document.createElement("ul");
  list.className = "findings";
  for (const each of findings) {
    const item = document.createElement("li");
    item.append(made("strong", each.words), `：${each.title}。${each.instead}`);
    for (const provision of each.provisions) {
      const kind = made("b", provision.kind_name);
      kind.className = provision.kind;
      const line = made("small", "");
      line.append(kind, ` ${provision.sentence}`);
      item.append(line);
    }
    list.append(item);
  }
  shown.append(text, list);
}

// Everything of a reply that is below `root`: the whole page, or a lead that was put beside the list.
function help(root) {
  const form = root.querySelector("#reply-form");
  if (!form) return;
  const field = form.querySelector("textarea");
  const shown = root.querySelector("#checked");
  let asked = 0;
  let timer = 0;

  async function check() {
    const mine = ++asked;
    const answer = await fetch("/compliance", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF": form.dataset.csrf },
      body: JSON.stringify({ text: field.value, platform: form.dataset.platform }),
    });
    // A later question has been asked meanwhile, or the login has ended: the button still checks.
    if (mine === asked && answer.ok && !answer.redirected) show(field, shown, await answer.json());
  }

  async function copy() {
    const said = root.querySelector("#copied");
    try {
      await navigator.clipboard.writeText(field.value);
      said.textContent = "已复制。回复后记得把状态改成“已回复”。";
    } catch {
      field.focus();
      field.select();
      said.textContent = "浏览器不让复制：文字已选中，请按 Ctrl+C。";
    }
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(check, PAUSE);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    check();
  });
  const button = root.querySelector("#copy");
  button.hidden = false;
  button.addEventListener("click", copy);
}

// A dismissal takes a reason: the browser says so before the server does.
function askReason(root) {
  const form = root.querySelector("#case-form");
  const { status, reason } = form.elements;
  const ask = () => {
    reason.required = status.value === "dismissed";
    reason.closest("label").hidden = status.value !== "dismissed";
  };
  status.addEventListener("change", ask);
  ask();
}

export function enliven(root) {
  help(root);
  if (root.querySelector("#case-form")) askReason(root);
}

enliven(document);
const page = document.querySelector("main > .detail[data-lead]");
if (page) {
  const here = page.querySelector(".here");
  watch(page.dataset.csrf, () => ({ open: page.dataset.lead, rows: [] }), (others) => {
    const names = others[page.dataset.lead];
    here.textContent = names ? `${names}正在看这条` : "";
  });
}

// The list is walked from here by the keys it is walked with; who switched them off there has none here.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (localStorage.getItem("tingzhen.keys.off") === "1" || event.target.closest?.("input, select, textarea")) return;
  const way = { j: "next", k: "prev" }[event.key];
  if (way) document.querySelector(`.beside a[rel=${way}]`)?.click();
});
