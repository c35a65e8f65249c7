// Runs in the page somebody is looking at, at the moment they open the popup, and only reads what stands on the
// screen: no request, no scrolling, no click, no cookie. Names, numbers and handles are taken out here, before
// anything leaves the tab.
(() => {
  "use strict";

  const SOMEBODY = "@某人";
  const NAME = "\u0001"; // stands for a name until all else is masked
  const LONGEST = 20000;
  const LONGEST_TIME = 80;
  const UNSEEN = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE", "TEXTAREA", "SELECT", "INPUT", "BUTTON", "SVG", "CANVAS", "VIDEO", "AUDIO", "IFRAME", "OBJECT"]);
  const MASKS = [
    [/(?<![\d０-９])(?:\+?86[-\s]?)?[1１][3-9３-９](?:[-\s·]?[\d０-９]){9}(?![\d０-９])/g, "[电话]"],
    [/(?<!\d)\(?0(?:10|2\d|[3-9]\d{2})\)?[-\s]?[2-8]\d{6,7}(?!\d)/g, "[电话]"],
    [/(?<!\d)[48]00[-\s]?\d{3}[-\s]?\d{4}(?!\d)/g, "[电话]"],
    [/(?<!\d)\d{17}[\dXx](?!\d)/g, "[证件号]"],
    [/[\w.+-]+@[\w-]+\.[\w.-]+/g, "[邮箱]"],
    [/((?:微信|薇信|威信|[vV]信|[vV][xX]|wechat|WeChat)(?:号)?\s*[:：是]?\s*)[A-Za-z][\w-]{5,19}/g, "$1[微信]"],
    [/([qQ]{2}(?:号)?\s*[:：是]?\s*)\d{5,11}/g, "$1[QQ]"],
    [/[@＠][\w\u4e00-\u9fff·-]{1,20}/g, NAME],
    [/https?:\/\/[^\s\u3000-\u9fff\uff00-\uffef]+/g, "[链接]"],
  ];
  // What keeps a query's part of an address that no rule knows: numbers of a thread or post, nothing of a person.
  const HARMLESS = /^(?:id|tid|pid|fid|aid|topic|thread|p|page|question|article|mod)$/i;
  const PERSONAL = /\/(?:u|user|users|people|profile|member|members|home|space)\b|space-uid-|uid-/i;

  const shown = (element) => {
    if (UNSEEN.has(element.tagName.toUpperCase()) || element.hidden || element.getAttribute("aria-hidden") === "true") return false;
    const style = getComputedStyle(element);
    return style.display !== "none" && style.visibility === "visible" && Number(style.opacity) > 0.05 && parseFloat(style.fontSize) > 1;
  };

  // Left or above of everything, or clipped to nothing, is where pages hide words from readers.
  const placed = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && box.right + scrollX > 0 && box.bottom + scrollY > 0;
  };

  const onScreen = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  };

  const block = (element) => /^(?:block|flex|grid|list-item|table|table-row|flow-root)$/.test(getComputedStyle(element).display);

  // The words of an element as a reader sees them; `people` are selectors of names, `dropped` of what is no word
  // of the writer's. `within` is a range that somebody marked: only its part of each text counts.
  const words = (root, people, dropped, within) => {
    const parts = [];
    const visit = (node) => {
      if (node.nodeType === Node.TEXT_NODE) {
        if (within && !within.intersectsNode(node)) return;
        let text = node.data;
        if (within) {
          const end = node === within.endContainer ? within.endOffset : text.length;
          text = text.slice(node === within.startContainer ? within.startOffset : 0, end);
        }
        parts.push(text.replace(/[\s\u0001\u200b\ufeff]+/g, " "));
        return;
      }
      if (node.nodeType !== Node.ELEMENT_NODE) return;
      if (node.tagName === "BR") { parts.push("\n"); return; }
      if (!shown(node) || (dropped && node.matches(dropped))) return;
      if (people && node !== root && node.matches(people)) { parts.push(` ${NAME} `); return; }
      const outer = block(node);
      if (node.childElementCount === 0 && node.textContent.trim() && !placed(node)) return;
      if (outer) parts.push("\n");
      for (const child of node.childNodes) visit(child);
      if (outer) parts.push("\n");
    };
    visit(root);
    return parts.join("").replace(/ *\n */g, "\n").replace(/ {2,}/g, " ").replace(/\n{3,}/g, "\n\n").trim();
  };

  const USERS = "a[href*='/u/'], a[href*='/n/'], a[href*='/user/'], a[href*='/users/'], a[href*='/people/'], a[href*='/member/'], a[href*='/profile/'], a[href*='/home/main'], a[href*='space-uid'], a[usercard]";

  const together = (...selectors) => selectors.filter(Boolean).join(", ");

  // A name of two characters may be an ordinary word; longer ones are taken out wherever they stand.
  const namesOf = (roots) => {
    const found = new Set();
    for (const element of roots) {
      for (const said of [element.textContent, element.getAttribute("title")]) {
        const name = (said || "").trim().replace(/^[@＠]/, "").replace(/[:：]$/, "").trim();
        if (name.length >= (/^[\x00-\x7f]*$/.test(name) ? 4 : 3) && name.length <= 40) found.add(name);
      }
    }
    return [...found].sort((one, two) => two.length - one.length);
  };

  const masked = (text, names) => {
    let out = text;
    for (const name of names) out = out.split(name).join(NAME);
    for (const [pattern, mark] of MASKS) out = out.replace(pattern, mark);
    return out.replace(/[@＠]*\u0001(?:[\s@＠]*\u0001)*/g, SOMEBODY).trim();
  };

  // An address without anybody's number or token; "" where that cannot be told.
  const plainAddress = (address, site) => {
    for (const rule of site ? site.addresses : []) {
      const found = new RegExp(rule.match).exec(address);
      if (found) return rule.to.replace(/\$(\d)/g, (_, number) => found[Number(number)] || "");
    }
    if (site) return "";
    let url;
    try { url = new URL(address); } catch { return ""; }
    if (!/^https?:$/.test(url.protocol) || PERSONAL.test(url.pathname)) return /^https?:$/.test(url.protocol) ? `${url.origin}/` : "";
    const kept = [...url.searchParams].filter(([name, value]) => HARMLESS.test(name) && /^[\w-]{1,40}$/.test(value));
    const query = new URLSearchParams(kept).toString();
    return `${url.origin}${url.pathname}${query ? `?${query}` : ""}`;
  };

  const siteOf = (sites, host) => sites.find((site) => site.hosts.some((name) => host === name || host.endsWith(`.${name}`)));

  const first = (root, selector) => (selector ? [...root.querySelectorAll(selector)].find((each) => shown(each) && placed(each)) : undefined);

  const addressOf = (element, form, site) => {
    const link = form.link ? element.querySelector(form.link) : null;
    if (link && link.href) return plainAddress(link.href, site);
    return form.pageIsPost ? plainAddress(location.href, site) : "";
  };

  const numberOf = (element, form) => {
    if (!form.number) return "";
    const holder = element.querySelector(form.number.at);
    const found = holder && new RegExp(form.number.match).exec(holder.getAttribute(form.number.attribute) || "");
    return found ? found[1] : "";
  };

  const readBlock = (element, form, site) => {
    const root = first(element, form.text);
    if (!root || !onScreen(root)) return null;
    const people = together(form.names, USERS);
    // On the page of one post its writer may be named beside it.
    const beside = form.pageIsPost && form.names ? document.querySelectorAll(form.names) : [];
    const names = namesOf([...element.querySelectorAll(people), ...beside]);
    const text = masked(words(root, people, form.drop), names).slice(0, LONGEST);
    if (!text) return null;
    const near = (selector) => { const found = first(element, selector); return found ? masked(words(found, people, null), names) : ""; };
    const time = near(form.time).replace(/\s+/g, " ").slice(0, LONGEST_TIME);
    let url = addressOf(element, form, site);
    let opening = true;
    const number = numberOf(element, form);
    if (number && url) {
      opening = time.includes(form.opening);
      if (!opening) url = form.numbered.replace("$1", url.split("/").pop()).replace("$n", number);
    }
    const heading = form.title && opening ? first(element, form.title) || (form.pageIsPost && first(document, form.title)) : null;
    const title = heading ? masked(words(heading, people, null), names).replace(/\s+/g, " ").slice(0, 300) : "";
    const item = { kind: form.kind, text, time, url };
    if (title) item.title = title;
    const place = near(form.place).replace(/\s+/g, " ").slice(0, 60);
    if (place) { item.place = place; item.place_kind = form.placeKind || "ip"; }
    return { item, folded: Boolean(first(element, form.folded)) };
  };

  const readSelection = (site) => {
    const selection = getSelection();
    if (!selection || !selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    const at = range.commonAncestorContainer;
    const root = at.nodeType === Node.ELEMENT_NODE ? at : at.parentElement;
    if (!root || root.closest("input, textarea")) return null;
    const known = site ? site.blocks.map((form) => form.names).filter(Boolean) : [];
    const people = together(...known, USERS);
    const text = masked(words(root, people, null, range), namesOf(document.querySelectorAll(people))).slice(0, LONGEST);
    return text ? { item: { kind: "selection", text, time: "", url: plainAddress(location.href, site) }, folded: false } : null;
  };

  globalThis.tingzhenRead = (sites) => {
    const site = siteOf(sites, location.hostname);
    const found = [];
    const marked = readSelection(site);
    if (marked) found.push(marked);
    for (const form of site ? site.blocks : []) {
      for (const element of document.querySelectorAll(form.at)) {
        if (!onScreen(element) || !shown(element)) continue;
        const read = readBlock(element, form, site);
        if (read && !found.some((each) => each.item.text === read.item.text && each.item.kind !== "selection")) found.push(read);
      }
    }
    return { site: site ? site.name : "", found: found.slice(0, 20) };
  };
  globalThis.tingzhenAddress = plainAddress;
})();
