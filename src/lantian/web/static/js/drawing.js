// Pictures that the server drew as SVG: here they only learn to be saved as a picture, in the colours of the page.
//   <figure class="drawing" data-drawing="name"><svg>...</svg></figure>
import { download, token, word } from "./app.js";

const KEPT = ["fill", "stroke", "stroke-width", "stroke-dasharray", "paint-order", "font-family", "font-size", "font-weight", "text-anchor", "writing-mode", "dominant-baseline"];

/** A copy that carries its style in itself: an SVG that is drawn on a canvas knows no style sheet. */
function plain(svg) {
  const copy = svg.cloneNode(true);
  const { width, height } = svg.viewBox.baseVal;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const originals = svg.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((element, index) => {
    const style = getComputedStyle(originals[index]);
    for (const name of KEPT) element.setAttribute(name, style.getPropertyValue(name));
  });
  return copy;
}

async function picture(svg) {
  const { width, height } = svg.viewBox.baseVal;
  const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(plain(svg))], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: width * 2, height: height * 2 });
  const pen = canvas.getContext("2d");
  pen.fillStyle = token("sheet");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** Bring one drawing to life. */
export function awaken(figure) {
  const tools = Object.assign(document.createElement("div"), { className: "tools no-print" });
  const save = Object.assign(document.createElement("button"), { type: "button", className: "button tiny", textContent: word("Png") });
  save.addEventListener("click", async () => download(`${figure.dataset.drawing}.png`, await picture(figure.querySelector("svg"))));
  tools.append(save);
  (figure.parentElement.querySelector("[data-tools]") ?? figure).append(tools);
}
