// 提醒我 as a dialog over the page one is on: what the page /remind shows, fetched into it.
let dialog = null;

function shown() {
  if (dialog) return dialog;
  dialog = document.createElement("dialog");
  dialog.className = "remind";
  dialog.setAttribute("aria-labelledby", "remind-title");
  document.body.append(dialog);
  dialog.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    event.preventDefault();
    load(event.target.action, { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
  });
  return dialog;
}

// Whatever goes wrong on the way, the page itself still works.
async function load(address, options = {}) {
  try {
    const answer = await fetch(address, options);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const part = page.getElementById("remind");
    if (!part) throw new Error("not the page");
    const away = document.createElement("form");
    away.method = "dialog";
    const button = document.createElement("button");
    button.className = "quiet";
    button.textContent = "关闭";
    away.append(button);
    shown().replaceChildren(part, away);
    if (!dialog.open) dialog.showModal();
  } catch {
    window.location.assign(options.method ? "/remind" : address);
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-remind]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  load(link.href);
});
