// Who else has a lead open. A window that is seen says every 25 seconds what it has open and what it lists, and soon
// after that has changed; the answer names the others. A window in the background says nothing, and is forgotten.

const EVERY = 25_000; // ms
const SOON = 600; // ms: who walks through a list does not speak at each step

export function watch(csrf, shown, tell) {
  let last = "";
  let soon = 0;

  async function speak(leaving = false) {
    const { open, rows } = leaving ? { open: "", rows: [] } : shown();
    const left = last && last !== open ? [last] : [];
    last = open;
    try {
      const answer = await fetch("/presence", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF": csrf },
        body: JSON.stringify({ open, left, rows }),
        keepalive: leaving,
      });
      if (!leaving && answer.ok && !answer.redirected) tell(await answer.json());
    } catch {
      // The network is away for a moment: it is said again in a while.
    }
  }

  setInterval(() => document.visibilityState === "visible" && speak(), EVERY);
  addEventListener("pagehide", () => last && speak(true));
  const changed = () => {
    clearTimeout(soon);
    soon = setTimeout(speak, SOON);
  };
  changed();
  return changed;
}
