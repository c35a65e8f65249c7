// What the maps share. Units are those of leads/web/map/geometry.py: degrees of longitude, and upward the Mercator
// projection of the latitude in the same unit.

export const up = (lat) => (Math.asinh(Math.tan((lat * Math.PI) / 180)) * 180) / Math.PI;
export const latitude = (height) => (Math.atan(Math.sinh((height * Math.PI) / 180)) * 180) / Math.PI;

const TILE_ZOOM = [3, 17];
const MOST_TILES = 60;

// A picture of the configured tile server for each square of the view.
export function tileImages(address, [west, south, east, north], pixels) {
  if (!address) return [];
  const wanted = Math.round(Math.log2((360 / (east - west)) * (pixels / 256)));
  let zoom = Math.max(TILE_ZOOM[0], Math.min(TILE_ZOOM[1], wanted));
  const range = (low, high) => [Math.floor(low), Math.floor(high)];
  for (; zoom > TILE_ZOOM[0]; zoom -= 1) {
    const side = 360 / 2 ** zoom;
    if (((east - west) / side + 1) * ((north - south) / side + 1) <= MOST_TILES) break;
  }
  const side = 360 / 2 ** zoom;
  const [left, right] = range((west + 180) / side, (east + 180) / side);
  const [top, bottom] = range((180 - north) / side, (180 - south) / side);
  const images = [];
  for (let x = left; x <= right; x += 1) {
    for (let y = Math.max(0, top); y <= Math.min(2 ** zoom - 1, bottom); y += 1) {
      images.push({
        source: address.replace("{z}", zoom).replace("{x}", x).replace("{y}", y),
        xref: "x", yref: "y", x: x * side - 180, y: 180 - y * side, sizex: side, sizey: side,
        sizing: "stretch", layer: "below",
      });
    }
  }
  return images;
}

export const circle = (x, y, r, line, fillcolor = "rgba(0,0,0,0)") => ({
  type: "circle", xref: "x", yref: "y", x0: x - r, x1: x + r, y0: y - r, y1: y + r, line, fillcolor, layer: "below",
});

const hiddenAxis = (range) => ({
  range, showgrid: false, zeroline: false, showticklabels: false, ticks: "", fixedrange: false,
});

export function layout([west, south, east, north], extra) {
  return {
    margin: { l: 0, r: 0, t: 0, b: 0 }, showlegend: false, hovermode: "closest", dragmode: "pan",
    paper_bgcolor: "#fff", plot_bgcolor: "#f7faf9", font: { family: "system-ui, sans-serif", size: 12 },
    xaxis: hiddenAxis([west, east]),
    yaxis: { ...hiddenAxis([south, north]), scaleanchor: "x", scaleratio: 1 },
    ...extra,
  };
}

const FONT = 12;

// Names in their order, without those that would cover an earlier one.
export function seatTrace(seats, [west, , east], pixels) {
  const unit = pixels / (east - west);
  const chosen = [];
  for (const seat of seats) {
    const free = chosen.every(
      (other) =>
        Math.abs(other.y - seat.y) * unit > FONT * 1.4 ||
        Math.abs(other.x - seat.x) * unit > ((other.name.length + seat.name.length) / 2 + 0.6) * FONT,
    );
    if (free) chosen.push(seat);
  }
  return {
    type: "scatter", mode: "text", x: chosen.map((seat) => seat.x), y: chosen.map((seat) => seat.y),
    text: chosen.map((seat) => seat.name), textfont: { color: "#5b6866", size: FONT }, hoverinfo: "skip",
  };
}

export const seatCircles = (seats) =>
  seats.map((seat) => circle(seat.x, seat.y, seat.r, { color: "#c3cfcc", width: 1, dash: "dot" }));

export const config = { displayModeBar: false, scrollZoom: true, responsive: true, displaylogo: false };

export function viewOf(figure) {
  const { xaxis, yaxis } = figure.layout;
  return [xaxis.range[0], yaxis.range[0], xaxis.range[1], yaxis.range[1]].map(Number);
}
