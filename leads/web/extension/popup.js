"use strict";
// What is on the screen of the tab, and one button each. Nothing is sent before a button is pressed.
const api = globalThis.browser ?? globalThis.chrome;
const KINDS = { post: "帖子", comment: "评论", selection: "选中的文字" };
const said = document.getElementById("said");

const settings = async () => {
  const { address = "", token = "" } = await api.storage.local.get(["address", "token"]);
  return { address, token };
};

const send = async (item) => {
  const { address, token } = await settings();
  const answer = await fetch(`${address}/api/v1/captures`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(item),
    credentials: "omit",
    referrerPolicy: "no-referrer",
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error.message);
  return body;
};

const show = ({ item, folded }) => {
  const row = document.getElementById("one").content.cloneNode(true).firstElementChild;
  const part = (name) => row.querySelector(name);
  part(".kind").textContent = item.title ? `${KINDS[item.kind]}：${item.title}` : KINDS[item.kind];
  part(".text").textContent = item.text;
  part(".folded").hidden = !folded;
  part(".time").value = item.time;
  part(".place").value = item.place ?? "";
  const keep = part(".keep");
  const outcome = part(".outcome");
  keep.addEventListener("click", async () => {
    const time = part(".time").value.trim();
    if (!time) { outcome.textContent = "先写上什么时候发的。"; part(".time").focus(); return; }
    keep.disabled = true;
    outcome.textContent = "正在保存…";
    try {
      const place = part(".place").value.trim();
      const body = await send({ ...item, time, ...(place ? { place } : {}) });
      outcome.textContent = `${body.said}今天还能存 ${body.left} 条。`;
    } catch (error) {
      keep.disabled = false;
      outcome.textContent = error instanceof TypeError ? "连不上听诊：请检查设置里的网址，和听诊是不是开着。" : error.message;
    }
  });
  return row;
};

const start = async () => {
  const { address, token } = await settings();
  if (!address || !token) { said.textContent = "先点“设置”，填好听诊的网址和令牌。"; return; }
  const { sites } = await (await fetch(api.runtime.getURL("sites.json"))).json();
  const [tab] = await api.tabs.query({ active: true, currentWindow: true });
  let read;
  try {
    await api.scripting.executeScript({ target: { tabId: tab.id }, files: ["read.js"] });
    [{ result: read }] = await api.scripting.executeScript({
      target: { tabId: tab.id },
      func: (known) => globalThis.tingzhenRead(known),
      args: [sites],
    });
  } catch {
    said.textContent = "这一页读不了：请在普通网页上打开。";
    return;
  }
  document.getElementById("found").append(...read.found.map(show));
  if (!read.found.length) said.textContent = read.site ? `这一屏没有认出${read.site}的帖子：可以先选中要存的文字，再打开这里。` : "先选中要存的文字，再打开这里。";
};

document.getElementById("settings").addEventListener("click", () => api.runtime.openOptionsPage());
start();
