// The chosen files with their sizes, and a word before a too large upload is begun; the form works without this.
const MEGABYTE = 1_048_576;

for (const form of document.querySelectorAll("form.upload")) {
  const [input, list] = [form.querySelector("input[type=file]"), form.querySelector(".picked")];
  const limit = Number(form.dataset.limit);
  input.addEventListener("change", () => {
    const files = [...input.files];
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const large = form.dataset.wordLarge.replace("{size}", Math.ceil(size / MEGABYTE)).replace("{limit}", limit / MEGABYTE);
    input.setCustomValidity(size > limit ? large : "");
    input.reportValidity();
    list.hidden = !files.length;
    list.replaceChildren(...files.map((file) => {
      const line = document.createElement("li");
      const [name, weight] = [document.createElement("span"), document.createElement("span")];
      name.textContent = file.name;
      weight.textContent = file.size < MEGABYTE ? `${Math.ceil(file.size / 1024)} KB` : `${(file.size / MEGABYTE).toFixed(1)} MB`;
      line.append(name, weight);
      return line;
    }));
  });
  const zone = form.querySelector(".dropzone");
  for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    zone.addEventListener(name, () => zone.classList.toggle("over", over));
  }
}
