"use strict";
// Where the desk is, and the token that may keep posts there.
const api = globalThis.browser ?? globalThis.chrome;
const address = document.getElementById("address");
const token = document.getElementById("token");
const said = document.getElementById("said");

const start = async () => {
  const known = await api.storage.local.get(["address", "token"]);
  const shipped = await (await fetch(api.runtime.getURL("desk.json"))).json();
  address.value = known.address || shipped.address;
  token.value = known.token || "";
};

document.getElementById("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  await api.storage.local.set({ address: address.value.trim().replace(/\/+$/, ""), token: token.value.trim() });
  said.textContent = "已保存。";
});
start();
