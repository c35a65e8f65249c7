// What is new, without a reload: one stream for the page that is being looked at. Pages in the background
// close theirs, as a browser opens few connections to one address.
const LIST = "/leads";
const AGAIN = 60_000; // milliseconds, after the server has had too many
let after = "";
let stream = null;

function address() {
  const asked = new URLSearchParams();
  if (after) asked.set("after", after);
  const here = window.location;
  const near = document.querySelector("[data-news]")?.dataset.news;
  const query = near ?? (here.pathname === LIST ? here.search.slice(1) : "");
  if (query) asked.set("query", query);
  return `/events?${asked}`;
}

function badge(unseen) {
  for (const place of document.querySelectorAll("[data-unseen]")) place.textContent = unseen || "";
}

// The bar stands on 今天 and on the list: a click loads them as they are now.
function bar(leads, mentions) {
  if (![LIST, "/"].includes(window.location.pathname)) return;
  let shown = document.getElementById("news");
  if (!leads && !mentions) return shown?.remove();
  if (!shown) {
    shown = document.createElement("p");
    shown.id = "news";
    shown.className = "done news";
    shown.setAttribute("role", "status");
    document.getElementById("main").prepend(shown);
  }
  const link = document.createElement("a");
  link.href = leads || window.location.pathname === "/" ? window.location.href : "/mentions";
  link.textContent = [leads && `${leads} 条新线索`, mentions && `${mentions} 条新提及`].filter(Boolean).join("，");
  shown.replaceChildren(link, " 点这里看");
}

function open() {
  if (stream || document.hidden) return;
  stream = new EventSource(address());
  stream.addEventListener("news", (event) => {
    const told = JSON.parse(event.data);
    after = told.after;
    badge(told.unseen);
    bar(told.leads, told.mentions);
  });
  stream.addEventListener("error", () => {
    // A stream that ended by itself opens again, as of the moment the page was opened.
    const refused = stream.readyState === EventSource.CLOSED;
    close();
    window.setTimeout(open, refused ? AGAIN : 3000);
  });
}

function close() {
  stream?.close();
  stream = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
window.addEventListener("pagehide", close);
open();

// Whom a note may call: a button writes the name. The note may have come after this script, in a pane.
document.addEventListener("focusin", (event) => {
  if (event.target.id !== "note") return;
  for (const calls of event.target.form.querySelectorAll(".calls")) calls.hidden = false;
});
document.addEventListener("click", (event) => {
  const call = event.target.closest("[data-call]");
  const note = call?.form.querySelector("#note");
  if (!note) return;
  note.setRangeText(call.dataset.call, note.selectionStart, note.selectionEnd, "end");
  note.focus();
});
