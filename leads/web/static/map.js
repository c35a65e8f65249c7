// The live map: the same cells as the page's drawing, finer ones as one goes nearer; a bubble opens its leads in the
// list beside the map. Without this script the drawing's bubbles are links to the same list.

import { circle, ground, mark, openMap, place } from "./atlas.js";

const COARSEST = 4;
const FINEST = 15;
const WAIT = 250; // ms without movement before new cells are asked for
const SQUARE = 75; // pixels: about the side of a square at a zoom that suits the window
const MOST_ACROSS = 12;
const SMALLEST = matchMedia("(max-width: 40rem), (pointer: coarse)").matches ? 44 : 28; // pixels: what can be hit
const LARGEST = 62;

const box = document.getElementById("map");
if (box && window.L) start();

async function start() {
  const fixed = box.dataset.zoom;
  let shown = await cells(fixed);
  if (!shown) return; // the drawing stays
  const figure = document.createElement("div");
  figure.className = "figure";
  box.replaceChildren(figure);
  box.classList.add("live");
  const tiles = box.dataset.tiles;
  const map = openMap(figure, tiles, shown.view);
  const layers = L.layerGroup().addTo(map);
  const draw = () => {
    layers.clearLayers();
    layers.addLayer(ground(map, shown.seats, tiles));
    if (shown.reach) layers.addLayer(circle(shown.reach, "reach")).addLayer(mark(shown.reach, "clinic", "", [14, 14]));
    for (const bubble of bubbles(map, shown)) layers.addLayer(bubble);
  };
  const refine = async () => {
    const zoom = fixed || String(suiting(map));
    const next = zoom === String(shown.zoom) ? shown : await cells(zoom);
    if (!next) return;
    shown = next;
    draw();
    box.dataset.shown = zoom;
  };
  await refine();
  box.dataset.ready = "yes";

  let timer = 0;
  map.on("zoomend", () => {
    clearTimeout(timer);
    timer = setTimeout(refine, WAIT);
  });
}

async function cells(zoom) {
  const address = new URL(box.dataset.cells, location.href);
  if (zoom) address.searchParams.set("zoom", zoom);
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  return answer.ok ? answer.json() : null;
}

// The zoom at which about twelve squares stand side by side, as in leads/web/map/view.py; fewer where the window is
// narrow, so that each can be pressed.
function suiting(map) {
  const seen = map.getBounds();
  const across = Math.min(MOST_ACROSS, map.getSize().x / SQUARE);
  return Math.max(COARSEST, Math.min(FINEST, Math.round(Math.log2((360 / (seen.getEast() - seen.getWest())) * across))));
}

function bubbles(map, shown) {
  const largest = Math.max(1, ...shown.bubbles.map((bubble) => bubble.count));
  return shown.bubbles.map((bubble) => {
    // No wider than the squares of this zoom, so that neighbours do not cover each other.
    const side = map.latLngToLayerPoint(place({ ...bubble, x: bubble.x + 2 * bubble.r })).x - map.latLngToLayerPoint(place(bubble)).x;
    const size = Math.max(SMALLEST, Math.max(SMALLEST, Math.min(LARGEST, side)) * Math.sqrt(bubble.count / largest));
    return dot(bubble, size, shown.zoom);
  });
}

function dot(bubble, size, zoom) {
  const link = document.createElement("a");
  const address = new URL(location.href);
  address.searchParams.set("zoom", zoom);
  address.searchParams.set("cell", bubble.key);
  link.href = address.href;
  link.textContent = bubble.count;
  link.title = `${bubble.name}一带 ${bubble.count} 条${bubble.merged ? "（与相邻的格合并）" : ""}`;
  link.setAttribute("aria-label", `${link.title}，打开`);
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openLeads(link.href);
  });
  const className = bubble.merged ? "bubble merged" : "bubble";
  return L.marker(place(bubble), { icon: L.divIcon({ className, html: link, iconSize: [size, size] }), keyboard: false, interactive: false });
}

// The list of another place, without a new map.
async function openLeads(address) {
  const answer = await fetch(address);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [ours, theirs] = [document.getElementById("map-list"), page.getElementById("map-list")];
  if (!answer.ok || !theirs) {
    location.href = address;
    return;
  }
  ours.replaceChildren(...theirs.childNodes);
  history.replaceState(null, "", address);
  ours.focus();
}

document.getElementById("map-list")?.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-list]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  openLeads(link.href);
});
