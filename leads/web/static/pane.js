// The lead beside the list, in windows from 1200 px: its own page is fetched and its parts are put there. Forms in it
// are sent without leaving the list.
import { enliven } from "./lead.js";

export class Pane {
  // `changed` is called when something of the lead was changed here.
  constructor(section, changed) {
    this.section = section;
    this.changed = changed;
    this.open = ""; // id of the lead
    this.whole = ""; // address of its own page
    this.version = null; // of the case, as its row in the list says it; null: whatever the list says next
    this.walked = false; // somebody moves through the list by keys or clicks
    this.asked = 0;
    section.addEventListener("submit", (event) => this.send(event));
  }

  // `whole` keeps the list one came from; what is fetched does not need it.
  async show(id, whole) {
    this.open = id;
    this.whole = whole;
    await this.fetch(new URL(whole, location.href).pathname);
  }

  async fetch(address, options) {
    const mine = ++this.asked;
    try {
      const answer = await fetch(address, options);
      const html = await answer.text();
      if (mine === this.asked) this.put(html); // else another lead has been asked for meanwhile
      return answer.ok;
    } catch {
      if (mine === this.asked) this.say("没有读到这条线索：请检查网络，再按一次。");
      return false;
    }
  }

  put(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const parts = page.querySelector(".detail")
      ? page.querySelectorAll("main > .problem, main > .done, .detail")
      : page.querySelectorAll("main > *");
    const whole = Object.assign(document.createElement("a"), { href: this.whole, textContent: "打开整页" });
    const head = document.createElement("p");
    head.className = "whole";
    head.append(whole);
    this.section.replaceChildren(head, ...parts);
    this.section.hidden = false;
    this.section.scrollTop = 0;
    enliven(this.section);
  }

  say(sentence) {
    this.section.replaceChildren(Object.assign(document.createElement("p"), { className: "problem", textContent: sentence }));
    this.section.hidden = false;
  }

  names(words) {
    const here = this.section.querySelector(".detail > .here");
    if (here) here.textContent = words ? `${words}正在看这条` : "";
  }

  async send(event) {
    if (event.defaultPrevented) return;
    event.preventDefault();
    const form = event.target;
    const address = new URL(form.getAttribute("action"), location.href);
    const data = new URLSearchParams(new FormData(form, event.submitter));
    const writes = form.getAttribute("method") === "post";
    const sent = writes ? { method: "POST", body: data } : undefined;
    const done = await this.fetch(writes ? address.pathname : `${address.pathname}?${data}`, sent);
    if (address.hash) this.section.querySelector(address.hash)?.scrollIntoView({ block: "start" });
    if (writes && done && address.pathname.startsWith("/cases/")) this.changed();
  }
}
