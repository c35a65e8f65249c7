// Comfort for the form of a clinic: a pasted coordinate is read at once, and the place can be picked on a map.

import { circle, config, latitude, layout, seatCircles, seatTrace, tileImages, up, viewOf } from "./plot.js";

const CHENGDU = [30.66, 104.06]; // where the map begins when there is no place yet
const SPAN = 0.24; // degrees of longitude first shown: about 23 km at 30° north
const STILL = 5; // pixels a pointer may move and still have pointed
const form = document.querySelector("form.clinic");
const box = document.getElementById("picker");
const said = document.getElementById("place");
const { lat, lon, coordinate, system, reach_km: reach } = form.elements;
let seats = [];
let figure = null;

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
  if (!window.Plotly) return;
  const here = lat.value ? [Number(lat.value), Number(lon.value)] : null;
  const [y, x] = here ?? CHENGDU;
  if (centre || !figure) {
    const found = await ask("/clinics/place", { lat: y, lon: x });
    seats = found.seats ?? [];
  }
  const high = up(y);
  const half = Math.max(SPAN, radius(y) * 2.4) / 2;
  const tall = half * (box.clientHeight / Math.max(1, box.clientWidth));
  const view = centre || !figure ? [x - half, high - tall, x + half, high + tall] : viewOf(figure);
  const tiles = box.dataset.tiles;
  const marks = here
    ? [{ type: "scatter", mode: "markers", x: [x], y: [high], hoverinfo: "skip", marker: { symbol: "cross", size: 14, color: "#c2571a" } }]
    : [];
  const shapes = tiles ? [] : seatCircles(seats);
  if (here) shapes.push(circle(x, high, radius(y), { color: "#0f6b62", width: 2 }, "rgba(15,107,98,.07)"));
  const scene = layout(view, { shapes, images: tileImages(tiles, view, box.clientWidth) });
  if (!figure) {
    figure = document.createElement("div");
    figure.className = "figure";
    box.replaceChildren(figure);
  }
  await Plotly.react(figure, [seatTrace(seats, view, box.clientWidth), ...marks], scene, config);
  box.dataset.ready = "yes";
}

// The reach in plot units.
const radius = (at) => (Number(reach.value) || 5) / (111.195 * Math.cos((at * Math.PI) / 180));

function pointing() {
  let from = null;
  box.addEventListener("pointerdown", (event) => (from = [event.clientX, event.clientY]), true);
  document.addEventListener(
    "pointerup",
    (event) => {
      if (!from || Math.hypot(event.clientX - from[0], event.clientY - from[1]) > STILL) return;
      from = null;
      const frame = figure.getBoundingClientRect();
      const [west, south, east, north] = viewOf(figure);
      const x = west + ((event.clientX - frame.left) / frame.width) * (east - west);
      const y = north - ((event.clientY - frame.top) / frame.height) * (north - south);
      pick(latitude(y), x);
    },
    true,
  );
}

if (window.Plotly) {
  box.hidden = false;
  const hint = document.createElement("p");
  hint.className = "hint";
  hint.textContent = "也可以在图上点一下选位置（拖动移动，滚轮放大）。";
  box.before(hint);
  draw(true).then(pointing);
  reach.addEventListener("change", () => draw(false));
}
coordinate.addEventListener("change", read);
system.addEventListener("change", read);
