// A look at a site takes a while: the button says so. Without this script the browser's own sign does.
for (const form of document.querySelectorAll("form[data-wait]")) {
  form.addEventListener("submit", () => {
    form.querySelector("[data-waiting]").textContent = form.dataset.wait;
    form.querySelector("button[type=submit]").disabled = true;
  });
}
// Coming back to the page, one may try again.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form[data-wait] button")) button.disabled = false;
});
