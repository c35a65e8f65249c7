// While a source waits or is crawled the page looks again by itself. Without this script one reloads it.
const PAUSE = 4000; // ms

async function again() {
  try {
    const answer = await fetch(window.location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // Whoever is about to press a button is not disturbed.
    const [ours, theirs] = [document.getElementById("main"), page.getElementById("main")];
    if (answer.ok && theirs && !ours.contains(document.activeElement)) ours.replaceChildren(...theirs.childNodes);
  } finally {
    wait();
  }
}

function wait() {
  if (document.querySelector("[data-busy]")) setTimeout(again, PAUSE);
}
wait();
