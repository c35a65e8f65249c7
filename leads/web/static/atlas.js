// What the maps share: Leaflet (vendor/leaflet) with our ground. Units of the server's answers are those of
// leads/web/map/geometry.py: degrees of longitude, and upward the Mercator projection of the latitude in the same unit.

const METRES_A_DEGREE = 111195;
const FONT = 12; // pixels

export const latitude = (height) => (Math.atan(Math.sinh((height * Math.PI) / 180)) * 180) / Math.PI;
export const up = (lat) => (Math.asinh(Math.tan((lat * Math.PI) / 180)) * 180) / Math.PI;
export const place = ({ x, y }) => [latitude(y), x];
export const bounds = ([west, south, east, north]) => [[latitude(south), west], [latitude(north), east]];

// A map in the box, without signs of its own; with pictures of the configured tile server where there is one.
export function openMap(box, tiles, view) {
  const map = L.map(box, { attributionControl: false, zoomSnap: 0.25, minZoom: 3, maxZoom: 17, zoomControl: false, wheelPxPerZoomLevel: 150 });
  L.control.zoom({ zoomInTitle: "放大", zoomOutTitle: "缩小" }).addTo(map);
  if (tiles) L.tileLayer(tiles, { maxZoom: 17, referrerPolicy: "no-referrer" }).addTo(map);
  map.fitBounds(bounds(view));
  return map;
}

// A circle whose radius is given in plot units; the style sheet gives its colours.
export const circle = (at, className) =>
  L.circle(place(at), { radius: at.r * METRES_A_DEGREE * Math.cos((latitude(at.y) * Math.PI) / 180), className, interactive: false });

export function mark(at, className, words = "", size = null) {
  const element = document.createElement("span");
  element.textContent = words;
  return L.marker(place(at), { icon: L.divIcon({ className, html: element, iconSize: size }), interactive: false, keyboard: false });
}

// Names of districts in their order, without those that would cover an earlier one; circles of their area where there
// are no pictures of the ground.
export function ground(map, seats, tiles) {
  const chosen = [];
  const spots = seats.map((seat) => ({ ...seat, spot: map.latLngToLayerPoint(place(seat)) }));
  for (const seat of spots) {
    const free = chosen.every(
      (other) =>
        Math.abs(other.spot.y - seat.spot.y) > FONT * 1.4 ||
        Math.abs(other.spot.x - seat.spot.x) > ((other.name.length + seat.name.length) / 2 + 0.6) * FONT,
    );
    if (free) chosen.push(seat);
  }
  const areas = tiles ? [] : seats.map((seat) => circle(seat, "seat-area"));
  return L.layerGroup([...areas, ...chosen.map((seat) => mark(seat, "seat", seat.name, [0, 0]))]);
}
