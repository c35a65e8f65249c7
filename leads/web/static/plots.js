// Draws each figure.plot from the table inside it, with Chart.js. Without this file the table stands there by itself.
const known = new Map(); // Asking the page for the colour of each of a year's cells would take longer than drawing them.
const value = (name) => {
  if (!known.has(name)) known.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return known.get(name);
};
// Between two plots the page answers the reader.
const breath = () => new Promise((done) => { setTimeout(done); });
const SERIES = 6; // colours besides that of the rest
const charts = new Map(); // canvas -> how it is drawn

function read(table) {
  const [head, ...rows] = [...table.rows].map((row) => [...row.cells]);
  const number = (cell) => (/^\d[\d.,]*%?$/.test(cell.textContent.trim()) ? parseFloat(cell.textContent.replaceAll(",", "")) : null);
  return {
    labels: rows.map((row) => row[0].textContent.trim()),
    days: rows.map((row) => row[0].dataset),
    series: head.slice(1).map((cell, at) => ({
      label: cell.textContent.trim(),
      data: rows.map((row) => number(row[at + 1])),
    })),
  };
}

function color(at, all) {
  const rest = at >= SERIES || (all > 1 && at === all - 1);
  return value(`--plot-${rest ? SERIES + 1 : at + 1}`);
}

function axes(extra = {}) {
  const ink = { ticks: { color: value("--soft"), maxRotation: 0, autoSkipPadding: 12 }, grid: { color: value("--line") } };
  return { x: { ...ink, ...extra.x }, y: { ...ink, beginAtZero: true, ...extra.y } };
}

function options(legend, scales, more = {}) {
  return {
    animation: false, maintainAspectRatio: false, scales, interaction: { mode: "index", intersect: false },
    plugins: {
      legend: { display: legend, position: "bottom", labels: { color: value("--ink"), boxWidth: 14 } },
      tooltip: { backgroundColor: value("--note"), titleColor: value("--on-note"), bodyColor: value("--on-note"), filter: (item) => item.raw !== null },
    },
    ...more,
  };
}

const whole = (ticks) => ({ precision: 0, color: value("--soft"), ...ticks });
const filled = (found) => found.series.filter((each) => each.data.some((count) => count !== null));

function stacked(found) {
  const shown = filled(found);
  const scales = axes({ x: { stacked: true }, y: { stacked: true, ticks: whole() } });
  const datasets = shown.map((each, at) => ({ ...each, backgroundColor: color(at, shown.length), borderColor: value("--paper"), borderWidth: { top: 1 }, categoryPercentage: 0.9 }));
  return { type: "bar", data: { labels: found.labels, datasets }, options: options(shown.length > 1, scales) };
}

function bars(found) {
  const [first] = found.series;
  const scales = axes({ x: { ticks: whole(), beginAtZero: true } });
  const datasets = [{ ...first, backgroundColor: value("--brand"), borderRadius: 4, maxBarThickness: 28 }];
  return { type: "bar", data: { labels: found.labels, datasets }, options: options(false, scales, { indexAxis: "y" }) };
}

function small(found, each, most) {
  const scales = axes({ x: { ticks: { color: value("--soft"), maxTicksLimit: 2, maxRotation: 0 } }, y: { suggestedMax: most, ticks: whole({ maxTicksLimit: 3 }) } });
  const line = { ...each, borderColor: value("--brand"), backgroundColor: value("--brand"), pointRadius: 1.5, borderWidth: 2, spanGaps: false };
  const made = options(false, scales);
  made.plugins.title = { display: true, text: each.label, color: value("--ink"), padding: 2 };
  return { type: "line", data: { labels: found.labels, datasets: [line] }, options: made };
}

function calendar(found) {
  const most = Math.max(1, ...found.series.flatMap((each) => each.data));
  const cells = found.series.flatMap((each, y) => each.data.map((count, x) => ({ x: found.labels[x], y: each.label, count })));
  const at = (context) => cells[context.dataIndex]?.count;
  const strong = value("--brand");
  const scales = {
    x: { type: "category", labels: found.labels, offset: true, grid: { display: false }, ticks: { color: value("--soft"), maxRotation: 0, autoSkipPadding: 20 } },
    y: { type: "category", labels: found.series.map((each) => each.label), offset: true, reverse: true, grid: { display: false }, ticks: { color: value("--soft") } },
  };
  const made = options(false, scales, { interaction: { mode: "nearest", intersect: true } });
  made.plugins.tooltip.filter = undefined;
  made.plugins.tooltip.callbacks = {
    title: ([item]) => `${item.raw.x} 那周，周${item.raw.y}`,
    label: (item) => (item.raw.count === null ? "不足 5 条" : `${item.raw.count} 条`),
  };
  const shade = (context) => {
    const count = at(context);
    if (count === null || count === undefined) return value("--ground");
    // Five steps of one colour: light and dark are told apart by everybody.
    const step = count === 0 ? 0 : Math.ceil((count / most) * 5);
    return step === 0 ? value("--neutral") : strong + Math.round(40 + step * 43).toString(16).padStart(2, "0");
  };
  const width = (context) => Math.max(2, ((context.chart.chartArea?.width ?? 0) / found.labels.length) - 1);
  const height = (context) => Math.max(2, ((context.chart.chartArea?.height ?? 0) / 7) - 1);
  const datasets = [{ data: cells, backgroundColor: shade, borderColor: value("--line"), borderWidth: 0, width, height }];
  return { type: "matrix", data: { datasets }, options: made };
}

const KINDS = { stacked, bars, calendar };

function canvasIn(parent, title) {
  const box = document.createElement("div");
  box.className = "drawing";
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${title}：图，数字在下面的表里`);
  box.append(canvas);
  parent.append(box);
  return canvas;
}

function put(canvas, how) {
  charts.get(canvas)?.chart.destroy();
  charts.set(canvas, { how, chart: new Chart(canvas, how()) });
}

async function draw(figure) {
  const found = read(figure.querySelector("table"));
  const title = figure.querySelector("figcaption strong").textContent;
  const details = figure.querySelector("details");
  const place = document.createElement("div");
  details.before(place);
  figure.classList.remove("waiting");
  if (figure.dataset.plot === "multiples") {
    place.className = "several";
    const shown = filled(found);
    const most = Math.max(...shown.flatMap((each) => each.data.map((count) => count ?? 0)));
    for (const each of shown) {
      put(canvasIn(place, each.label), () => small(found, each, most));
      await breath();
    }
  } else {
    const canvas = canvasIn(place, title);
    put(canvas, () => KINDS[figure.dataset.plot](found));
    if (figure.dataset.listed) brush(figure, canvas, found);
  }
}

// Drag over rows: the link below leads to the list of exactly these days.
function brush(figure, canvas, found) {
  const box = canvas.parentElement;
  const band = document.createElement("div");
  band.className = "brushed";
  band.hidden = true;
  box.append(band);
  const told = document.createElement("p");
  told.setAttribute("role", "status");
  box.after(told);
  let start = null;
  const chart = () => charts.get(canvas).chart;
  const at = (event) => {
    const x = event.clientX - canvas.getBoundingClientRect().left;
    const found_at = chart().scales.x.getValueForPixel(x);
    return Math.min(found.labels.length - 1, Math.max(0, found_at));
  };
  const show = (first, last) => {
    const scale = chart().scales.x;
    const half = scale.width / found.labels.length / 2;
    band.hidden = false;
    band.style.left = `${scale.getPixelForValue(first) - half}px`;
    band.style.width = `${scale.getPixelForValue(last) - scale.getPixelForValue(first) + 2 * half}px`;
  };
  const name = (first, last) => {
    const address = new URL(figure.dataset.listed, location.href);
    const after = new Date(`${found.days[last].last}T00:00:00Z`);
    after.setUTCDate(after.getUTCDate() + 1);
    address.searchParams.set("since", found.days[first].first);
    address.searchParams.set("until", after.toISOString().slice(0, 10));
    const link = document.createElement("a");
    link.className = "button";
    link.href = address.pathname + address.search;
    link.textContent = `看 ${found.days[first].first} 到 ${found.days[last].last} 的线索`;
    told.replaceChildren(link);
    const rows = [...figure.querySelectorAll("tbody tr")];
    rows.forEach((row, number) => { row.hidden = number < first || number > last; });
  };
  box.addEventListener("pointerdown", (event) => { start = at(event); });
  box.addEventListener("pointermove", (event) => {
    if (start === null) return;
    const now = at(event);
    show(Math.min(start, now), Math.max(start, now));
  });
  const end = (event) => {
    if (start === null) return;
    const now = at(event);
    const [first, last] = [Math.min(start, now), Math.max(start, now)];
    start = null;
    show(first, last);
    name(first, last);
  };
  window.addEventListener("pointerup", end);
  window.addEventListener("pointercancel", () => { start = null; });
}

const again = () => {
  known.clear();
  charts.forEach(({ how }, canvas) => put(canvas, how));
};

async function begin() {
  const figures = [...document.querySelectorAll("figure.plot")];
  if (!figures.length) return;
  await import("./vendor/chart.js/chart.umd.min.js");
  if (figures.some((figure) => figure.dataset.plot === "calendar")) await import("./vendor/chart.js/chartjs-chart-matrix.min.js");
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  const left = new Set(figures);
  const drawn = (figure) => left.delete(figure) && draw(figure);
  // What is further down is drawn when it is about to be seen: a slow telephone answers half a second sooner.
  const near = new IntersectionObserver((seen) => {
    for (const { target } of seen.filter((each) => each.isIntersecting)) drawn(target);
  }, { rootMargin: "300px" });
  for (const figure of figures) {
    figure.querySelector("details").open = false;
    figure.classList.add("waiting");
    near.observe(figure);
  }
  window.addEventListener("beforeprint", () => [...left].forEach(drawn));
  for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", again);
}

begin();
