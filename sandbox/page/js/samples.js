// Ready media drawn, sung and filmed in the browser, so that nobody needs files to play.

import { oggOpus } from "./ogg.js";

const pickFrom = (list) => list[Math.floor(Math.random() * list.length)];

const SKIES = [["#ffd9a8", "#f78ca0", "#6a6fd1"], ["#c9f0ff", "#7cc4f5", "#3f7fd8"], ["#fff1c1", "#9fd8a6", "#3c8d84"], ["#e7d7ff", "#a996f0", "#4a4a9c"]];

function canvasOf(width, height) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  return [canvas, canvas.getContext("2d")];
}

/** Hills under a sky; `at` from 0 to 1 moves the sun. */
function landscape(pen, width, height, colours, at) {
  const sky = pen.createLinearGradient(0, 0, 0, height);
  colours.forEach((colour, i) => sky.addColorStop(i / (colours.length - 1), colour));
  pen.fillStyle = sky;
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = "rgba(255,250,225,.92)";
  pen.beginPath();
  pen.arc(width * (0.2 + 0.6 * at), height * (0.42 - 0.16 * Math.sin(at * Math.PI)), height * 0.1, 0, 7);
  pen.fill();
  for (let hill = 0; hill < 3; hill += 1) {
    pen.fillStyle = `rgba(${40 - hill * 8},${74 - hill * 14},${98 - hill * 16},${0.45 + hill * 0.2})`;
    pen.beginPath();
    pen.moveTo(0, height);
    for (let x = 0; x <= width; x += 8) {
      pen.lineTo(x, height * (0.6 + hill * 0.12) + Math.sin(x / (width / (5 + hill)) + hill * 2 + colours[0].length + at * 0.4) * height * 0.06);
    }
    pen.lineTo(width, height);
    pen.fill();
  }
}

const blobOf = (canvas, type) => new Promise((resolve) => canvas.toBlob(resolve, type, 0.86));

async function photo(number = 1, width = 960, height = 720) {
  const [canvas, pen] = canvasOf(width, height);
  landscape(pen, width, height, SKIES[(number + Math.floor(Math.random() * SKIES.length)) % SKIES.length], Math.random());
  return new File([await blobOf(canvas, "image/jpeg")], `photo-${number}.jpg`, { type: "image/jpeg" });
}

async function sticker() {
  const [canvas, pen] = canvasOf(512, 512);
  const face = pen.createRadialGradient(200, 180, 20, 256, 256, 230);
  face.addColorStop(0, "#fff3b0");
  face.addColorStop(1, pickFrom(["#ffb84d", "#7ad9b5", "#9fb4ff", "#ff9fb0"]));
  pen.fillStyle = "#fff";
  pen.beginPath(); pen.arc(256, 256, 236, 0, 7); pen.fill();
  pen.fillStyle = face;
  pen.beginPath(); pen.arc(256, 256, 216, 0, 7); pen.fill();
  pen.fillStyle = "#3b2f45";
  for (const x of [186, 326]) { pen.beginPath(); pen.ellipse(x, 216, 22, 32, 0, 0, 7); pen.fill(); }
  pen.lineWidth = 18; pen.lineCap = "round"; pen.strokeStyle = "#3b2f45";
  pen.beginPath(); pen.arc(256, 270, 96, 0.25, Math.PI - 0.25); pen.stroke();
  const blob = await blobOf(canvas, "image/webp");
  return new File([blob], "sticker.webp", { type: blob.type });
}

function filmType() {
  const wanted = ["video/mp4;codecs=avc1.42E01E", "video/mp4;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];
  return globalThis.MediaRecorder && wanted.find((type) => MediaRecorder.isTypeSupported(type));
}

/** About a second of a moving picture; null where the browser cannot record. */
async function film(name, width, height) {
  const type = filmType();
  if (!type) return null;
  const [canvas, pen] = canvasOf(width, height);
  const colours = pickFrom(SKIES);
  const recorder = new MediaRecorder(canvas.captureStream(24), { mimeType: type, videoBitsPerSecond: 600000 });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
  const began = performance.now();
  const draw = () => landscape(pen, width, height, colours, Math.min(1, (performance.now() - began) / 1300));
  draw();
  recorder.start();
  const frames = setInterval(draw, 40);
  setTimeout(() => { clearInterval(frames); recorder.stop(); }, 1300);
  await stopped;
  const plain = type.split(";")[0];
  return new File(parts, `${name}.${plain.endsWith("mp4") ? "mp4" : "webm"}`, { type: plain });
}

/** Two seconds that rise and fall like a short phrase. */
function phrase(rate) {
  const samples = new Float32Array(rate * 2);
  for (let i = 0; i < samples.length; i += 1) {
    const at = i / rate;
    const pitch = 150 + 40 * Math.sin(at * 5) + 18 * Math.sin(at * 13);
    const voice = Math.sin(2 * Math.PI * pitch * at) + 0.5 * Math.sin(4 * Math.PI * pitch * at);
    samples[i] = 0.22 * voice * Math.max(0, Math.sin(at * 9)) * Math.min(1, (2 - at) * 4);
  }
  return samples;
}

function melody(rate) {
  const notes = [523, 587, 659, 784, 659, 587, 523, 392];
  return Float32Array.from({ length: rate * 3 }, (_, i) => {
    const at = (i / rate) * (notes.length / 3);
    return 0.3 * Math.sin((2 * Math.PI * notes[Math.min(notes.length - 1, Math.floor(at))] * i) / rate) * Math.exp(-3 * (at % 1));
  });
}

function wav(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const word = (at, text) => [...text].forEach((char, i) => view.setUint8(at + i, char.charCodeAt(0)));
  word(0, "RIFF"); view.setUint32(4, 36 + samples.length * 2, true); word(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, rate * 2, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  word(36, "data"); view.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, i) => view.setInt16(44 + i * 2, sample * 32767, true));
  return view.buffer;
}

async function voice() {
  const opus = await oggOpus(phrase(48000)).catch(() => null);
  if (opus) return new File([opus], "voice.ogg", { type: "audio/ogg" });
  return new File([wav(phrase(16000), 16000)], "voice.wav", { type: "audio/wav" });
}

function paper() {
  const lines = ["%PDF-1.4"];
  const offsets = [];
  const text = "BT /F1 22 Tf 60 760 Td (Invoice 1042) Tj 0 -34 Td /F1 13 Tf (Tulips, 25 pcs: 2 500) Tj ET";
  const objects = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
    `<</Length ${text.length}>>stream\n${text}\nendstream`, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"];
  objects.forEach((object, i) => {
    offsets.push(lines.join("\n").length + 1);
    lines.push(`${i + 1} 0 obj${object}endobj`);
  });
  const start = lines.join("\n").length + 1;
  lines.push("xref", "0 6", "0000000000 65535 f ", ...offsets.map((at) => `${String(at).padStart(10, "0")} 00000 n `),
    "trailer<</Size 6/Root 1 0 R>>", "startxref", String(start), "%%EOF");
  return new File([lines.join("\n")], "invoice-1042.pdf", { type: "application/pdf" });
}

/** Files for a kind of message, or null where this browser cannot make it. */
export async function sampleFiles(kind) {
  switch (kind) {
    case "photo": return [await photo()];
    case "album": return Promise.all([1, 2, 3].map((number) => photo(number, number === 1 ? 1080 : 800, 720)));
    case "video": return some(await film("video", 640, 400));
    case "video_note": return some(await film("round", 384, 384));
    case "animation": return some(await film("animation", 480, 300));
    case "voice": return [await voice()];
    case "audio": return [new File([wav(melody(16000), 16000)], "melody.wav", { type: "audio/wav" })];
    case "document": return [paper()];
    case "sticker": return [await sticker()];
    default: return null;
  }
}

const some = (file) => (file ? [file] : null);

export function samplePlace() {
  return pickFrom([
    { latitude: 55.75222, longitude: 37.61556 }, { latitude: 59.93428, longitude: 30.3351 }, { latitude: 43.23895, longitude: 76.88971 },
  ]);
}

export function sampleContact() {
  return { name: pickFrom(["Мария Котова", "Пётр Лисицын", "Nina Hill"]), phone: `+7999${String(Math.floor(Math.random() * 1e7)).padStart(7, "0")}` };
}
