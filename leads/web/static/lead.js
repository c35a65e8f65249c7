// Comfort for the page of a lead: the reply is checked while one writes, and copied with one click. Without this
// script a button checks, and the text is selected by hand. Nothing here sends a reply anywhere.
const form = document.getElementById("reply-form");
const field = document.getElementById("reply-text");
const shown = document.getElementById("checked");
const PAUSE = 400; // ms without a key

function made(tag, text, title = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (title) element.title = title;
  return element;
}

function show({ runs, findings }) {
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

let asked = 0;
async function check() {
  const mine = ++asked;
  const answer = await fetch("/compliance", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF": form.dataset.csrf },
    body: JSON.stringify({ text: field.value, platform: form.dataset.platform }),
  });
  // A later question has been asked meanwhile, or the login has ended: the button still checks.
  if (mine === asked && answer.ok && !answer.redirected) show(await answer.json());
}

async function copy() {
  const said = document.getElementById("copied");
  try {
    await navigator.clipboard.writeText(field.value);
    said.textContent = "已复制。回复后记得把状态改成“已回复”。";
  } catch {
    field.focus();
    field.select();
    said.textContent = "浏览器不让复制：文字已选中，请按 Ctrl+C。";
  }
}

if (form) {
  let timer = 0;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(check, PAUSE);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  const button = document.getElementById("copy");
  button.hidden = false;
  button.addEventListener("click", copy);
}

// A dismissal takes a reason: the browser says so before the server does.
const status = document.querySelector("#case-form [name=status]");
const reason = document.querySelector("#case-form [name=reason]");
function askReason() {
  reason.required = status.value === "dismissed";
  reason.closest("label").hidden = status.value !== "dismissed";
}
if (status) {
  status.addEventListener("change", askReason);
  askReason();
}

// The list is walked from here by the keys it is walked with; who switched them off there has none here.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (localStorage.getItem("tingzhen.keys.off") === "1" || event.target.closest?.("input, select, textarea")) return;
  const way = { j: "next", k: "prev" }[event.key];
  if (way) document.querySelector(`.beside a[rel=${way}]`)?.click();
});
