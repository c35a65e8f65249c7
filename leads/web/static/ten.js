// One key an answer: 1 to 6 for what a post is, S to pass it over. Without this script the buttons do the same.
const form = document.getElementById("ten");

function press(event) {
  const typing = event.target.matches("input:not([type=radio]), textarea, select");
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing) return;
  const button = form.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!button) return;
  event.preventDefault();
  document.removeEventListener("keydown", press); // one post, one answer, however long the key is held
  form.requestSubmit(button);
}

if (form) document.addEventListener("keydown", press);
