// Comfort for the form of a clinic: a pasted coordinate is read at once, and the place can be picked on a map.

import { circle, ground, mark, openMap, up } from "./atlas.js";

const CHENGDU = [30.66, 104.06]; // where the map begins when there is no place yet
const SPAN = 0.24; // degrees of longitude first shown: about 23 km at 30° north
const form = document.querySelector("form.clinic");
const box = document.getElementById("picker");
const said = document.getElementById("place");
const { lat, lon, coordinate, system, reach_km: reach } = form.elements;
let seats = [];
let map = null;
let layers = null;

const ask = async (address, values) => {
  const answer = await fetch(`${address}?${new URLSearchParams(values)}`);
  return answer.json();
};

async function read() {
  if (!coordinate.value.trim()) return;
  const found = await ask("/clinics/read", { coordinate: coordinate.value, system: system.value });
  said.textContent = found.problem ?? found.said;
  if (found.problem) return;
  [lat.value, lon.value] = [found.lat, found.lon];
  await draw(true);
}

async function pick(newLat, newLon) {
  [lat.value, lon.value, coordinate.value] = [newLat.toFixed(6), newLon.toFixed(6), ""];
  const found = await ask("/clinics/place", { lat: lat.value, lon: lon.value });
  said.textContent = found.problem ?? `已选：${found.district}（${lat.value},${lon.value}），保存后生效。`;
  if (!found.problem) await draw(false);
}

async function draw(centre) {
  if (!window.L) return;
  const here = lat.value ? [Number(lat.value), Number(lon.value)] : null;
  const [y, x] = here ?? CHENGDU;
  if (centre || !map) {
    const found = await ask("/clinics/place", { lat: y, lon: x });
    seats = found.seats ?? [];
  }
  const high = up(y);
  const half = Math.max(SPAN, radius(y) * 2.4) / 2;
  const tall = half * (box.clientHeight / Math.max(1, box.clientWidth));
  const view = [x - half, high - tall, x + half, high + tall];
  const tiles = box.dataset.tiles;
  if (!map) open(tiles, view);
  else if (centre) map.fitBounds([[y, x]], { maxZoom: map.getZoom() });
  layers.clearLayers();
  layers.addLayer(ground(map, seats, tiles));
  if (here) layers.addLayer(circle({ x, y: high, r: radius(y) }, "reach")).addLayer(mark({ x, y: high }, "clinic", "", [14, 14]));
  box.dataset.ready = "yes";
}

function open(tiles, view) {
  const figure = document.createElement("div");
  figure.className = "figure";
  box.replaceChildren(figure);
  map = openMap(figure, tiles, view);
  layers = L.layerGroup().addTo(map);
  map.on("click", (event) => pick(event.latlng.lat, event.latlng.lng));
}

// The reach in plot units.
const radius = (at) => (Number(reach.value) || 5) / (111.195 * Math.cos((at * Math.PI) / 180));

if (window.L) {
  box.hidden = false;
  const hint = document.createElement("p");
  hint.className = "hint";
  hint.textContent = "也可以在图上点一下选位置（拖动移动，滚轮放大）。";
  box.before(hint);
  draw(true);
  reach.addEventListener("change", () => draw(false));
}
coordinate.addEventListener("change", read);
system.addEventListener("change", read);
