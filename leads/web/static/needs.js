// The needs on a map: one bubble a district with the number of its most striking need; it leads to the district's rows.
// Without this script the table says the same.

import { ground, openMap, place } from "./atlas.js";

const SMALLEST = matchMedia("(max-width: 40rem), (pointer: coarse)").matches ? 44 : 28; // pixels: what can be hit
const LARGEST = 62;

const box = document.getElementById("needs-map");
if (box && window.L) start(...["spots", "seats", "view"].map((name) => JSON.parse(box.dataset[name])), box.dataset.tiles);

function start(spots, seats, view, tiles) {
  box.hidden = false;
  box.classList.add("live");
  const figure = document.createElement("div");
  figure.className = "figure";
  box.replaceChildren(figure);
  const map = openMap(figure, tiles, view);
  ground(map, seats, tiles).addTo(map);
  const largest = Math.max(...spots.map((spot) => spot.count));
  for (const spot of spots) {
    const size = Math.max(SMALLEST, LARGEST * Math.sqrt(spot.count / largest));
    const link = document.createElement("a");
    link.href = `#at-${spot.code}`;
    link.textContent = spot.count;
    link.title = `${spot.name}：${spot.needs}`;
    link.setAttribute("aria-label", link.title);
    const named = document.createElement("div");
    const name = document.createElement("span");
    name.textContent = spot.name;
    named.append(link, name);
    L.marker(place(spot), { icon: L.divIcon({ className: "bubble named", html: named, iconSize: [size, size] }), keyboard: false, interactive: false }).addTo(map);
  }
  box.dataset.ready = "yes";
}
