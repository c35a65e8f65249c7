// The live map: the same cells as the page's drawing, finer ones as one goes nearer.

import { circle, config, layout, seatCircles, seatTrace, tileImages, viewOf } from "./plot.js";

const COARSEST = 4;
const FINEST = 15;
const WAIT = 250; // ms without movement before new cells are asked for

const box = document.getElementById("map");
if (box && window.Plotly) start(box);

async function start(box) {
  const fixed = box.dataset.zoom;
  const first = await cells(box, fixed);
  if (!first) return; // the drawing stays
  const drawing = [...box.childNodes];
  const figure = document.createElement("div");
  figure.className = "figure";
  box.replaceChildren(figure);
  box.classList.add("live");
  let shown = first;
  let view = first.view;
  const tiles = box.dataset.tiles;
  try {
    await Plotly.newPlot(figure, traces(shown, view, box), scene(shown, view, tiles, box), config);
  } catch (error) {
    console.warn(error);
    box.classList.remove("live");
    box.replaceChildren(...drawing);
    return;
  }
  box.dataset.ready = "yes";

  let timer = 0;
  figure.on("plotly_relayout", (changed) => {
    if (!Object.keys(changed).some((key) => key.startsWith("xaxis") || key.startsWith("yaxis"))) return;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      view = viewOf(figure);
      const zoom = fixed || String(suiting(view));
      const next = zoom === String(shown.zoom) ? shown : await cells(box, zoom, true);
      if (!next) return;
      shown = next;
      await Plotly.react(figure, traces(shown, view, box), scene(shown, view, tiles, box), config);
      box.dataset.shown = zoom;
    }, WAIT);
  });
}

async function cells(box, zoom) {
  const address = new URL(box.dataset.cells, location.href);
  if (zoom) address.searchParams.set("zoom", zoom);
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  return answer.ok ? answer.json() : null;
}

// The zoom at which about twelve squares stand side by side, as in leads/web/map/view.py.
function suiting([west, , east]) {
  return Math.max(COARSEST, Math.min(FINEST, Math.round(Math.log2((360 / (east - west)) * 12))));
}

function traces(shown, view, box) {
  const largest = Math.max(1, ...shown.bubbles.map((bubble) => bubble.count));
  // No wider than the squares of this zoom, so that neighbours do not cover each other.
  const side = (2 * Math.min(...shown.bubbles.map((bubble) => bubble.r)) * box.clientWidth) / (view[2] - view[0]);
  const widest = Math.max(24, Math.min(62, side));
  const bubbles = {
    type: "scatter", mode: "markers+text",
    x: shown.bubbles.map((bubble) => bubble.x),
    y: shown.bubbles.map((bubble) => bubble.y),
    text: shown.bubbles.map((bubble) => String(bubble.count)),
    textfont: { color: "#fff", size: 12 },
    hovertext: shown.bubbles.map(
      (bubble) => `${bubble.name}一带 ${bubble.count} 条${bubble.merged ? "（与相邻的格合并）" : ""}`,
    ),
    hoverinfo: "text",
    marker: {
      size: shown.bubbles.map((bubble) => Math.max(20, widest * Math.sqrt(bubble.count / largest))),
      color: "#b84f14",
      opacity: 0.92,
      line: { color: "#fff", width: 1.5 },
    },
  };
  const clinic = shown.reach
    ? [{ type: "scatter", mode: "markers", x: [shown.reach.x], y: [shown.reach.y], hovertext: ["这里"], hoverinfo: "text", marker: { symbol: "cross", size: 12, color: "#0f6b62" } }]
    : [];
  return [seatTrace(shown.seats, view, box.clientWidth), bubbles, ...clinic];
}

function scene(shown, view, tiles, box) {
  const reach = shown.reach
    ? [circle(shown.reach.x, shown.reach.y, shown.reach.r, { color: "#0f6b62", width: 2 }, "rgba(15,107,98,.07)")]
    : [];
  return layout(view, {
    shapes: [...(tiles ? [] : seatCircles(shown.seats)), ...reach],
    images: tileImages(tiles, view, box.clientWidth),
  });
}
