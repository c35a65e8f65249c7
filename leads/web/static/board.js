// Comfort on the board: cards are dragged (by a finger at their grip), or moved by ← and →. Without this file each
// card has a form that does it.
const STEP = { ArrowLeft: -1, ArrowRight: 1 };
const WALK = { ArrowUp: -1, ArrowDown: 1 };
let dragged = "";

const board = () => document.getElementById("board");
const cardOf = (id) => document.getElementById(id);

function wire() {
  for (const form of board().querySelectorAll("form.move")) form.querySelector("button").hidden = true;
  for (const grip of board().querySelectorAll(".grip")) grip.hidden = false;
}

// The answer is the board as it is now: its columns and its message take the place of ours.
async function send(card, status) {
  const form = card.querySelector("form.move");
  const data = new URLSearchParams(new FormData(form));
  data.set("status", status);
  try {
    const answer = await fetch(form.action, { method: "POST", body: data });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.getElementById("board")) throw new Error("no board");
    for (const id of ["board-said", "board"]) document.getElementById(id).replaceWith(page.getElementById(id));
  } catch {
    const said = document.getElementById("board-said");
    said.setAttribute("role", "alert");
    said.textContent = "没有移动成功：请检查网络，刷新页面后再试。";
  }
  wire();
  cardOf(card.id)?.focus();
}

function move(card, step) {
  const choices = [...card.querySelector("select").options].map((option) => option.value);
  const at = choices.indexOf(card.closest(".column").dataset.status) + step;
  if (at >= 0 && at < choices.length) send(card, choices[at]);
}

function walk(card, step) {
  const cards = [...card.parentElement.children];
  cards[cards.indexOf(card) + step]?.focus();
}

document.addEventListener("keydown", (event) => {
  const card = event.target;
  if (!card.matches?.("#board .card") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (STEP[event.key]) move(card, STEP[event.key]);
  else if (WALK[event.key]) walk(card, WALK[event.key]);
  else return;
  event.preventDefault();
});

document.addEventListener("change", (event) => {
  const card = event.target.closest?.("#board .card");
  if (card && event.target.name === "status") send(card, event.target.value);
});

document.addEventListener("dragstart", (event) => {
  const card = event.target.closest?.("#board .card");
  if (!card) return;
  if (held) return event.preventDefault(); // a finger has it
  dragged = card.id;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", card.id);
});

function mark(column) {
  for (const each of document.querySelectorAll("#board .over")) each.classList.toggle("over", each === column);
  column?.classList.add("over");
}

function over(event) {
  const column = (dragged && event.target.closest?.("#board .column")) || null;
  mark(column);
  if (column) event.preventDefault();
  return column;
}

document.addEventListener("dragover", over);
document.addEventListener("dragend", () => {
  dragged = "";
  mark(null);
});
document.addEventListener("drop", (event) => {
  const column = over(event);
  const card = column && cardOf(dragged);
  dragged = "";
  if (!card) return;
  column.classList.remove("over");
  if (card.closest(".column") !== column) send(card, column.dataset.status);
});

// A finger or a pen at a card's grip: elsewhere on the card it scrolls, as everywhere.
let held = null;
const EDGE = 48; // pixels from the board's side at which it moves on
const SPEED = 8; // pixels a frame

const under = ({ x, y }) =>
  document.elementsFromPoint(x, y).find((each) => each.matches("#board .column")) ?? null;

function follow() {
  if (!held) return;
  const { left, right } = board().getBoundingClientRect();
  const step = held.x > right - EDGE ? SPEED : held.x < left + EDGE ? -SPEED : 0;
  if (step) board().scrollLeft += step;
  held.card.style.transform = `translate(${held.x - held.from.x + board().scrollLeft - held.from.scrolled}px, ${held.y - held.from.y}px)`;
  mark(under(held));
  requestAnimationFrame(follow);
}

function release(drop) {
  if (!held) return;
  const { card } = held;
  const column = drop ? under(held) : null;
  held = null;
  card.classList.remove("held");
  card.style.transform = "";
  mark(null);
  if (column && column !== card.closest(".column")) send(card, column.dataset.status);
}

document.addEventListener("pointerdown", (event) => {
  const grip = event.pointerType !== "mouse" && event.target.closest?.("#board .grip");
  if (!grip || held) return;
  event.preventDefault();
  grip.setPointerCapture(event.pointerId);
  const [x, y, card] = [event.clientX, event.clientY, grip.closest(".card")];
  held = { card, x, y, pointer: event.pointerId, from: { x, y, scrolled: board().scrollLeft } };
  card.classList.add("held");
  requestAnimationFrame(follow);
});
document.addEventListener("pointermove", (event) => {
  if (held?.pointer === event.pointerId) Object.assign(held, { x: event.clientX, y: event.clientY });
});
document.addEventListener("pointerup", (event) => held?.pointer === event.pointerId && release(true));
document.addEventListener("pointercancel", (event) => held?.pointer === event.pointerId && release(false));

wire();
