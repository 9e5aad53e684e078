// Voice, music and round-video players with our own controls; one sounds at a time.

import { h, hash, icon } from "./dom.js";
import { lengthOf, t } from "./i18n.js";

let sounding = null;

function takeTurn(element) {
  if (sounding && sounding !== element) sounding.pause();
  sounding = element;
}

/** Voice message (waveform) or a piece of music (title and line). data-testid: media-voice, media-audio. */
export function soundPlayer(media) {
  const audio = h("audio", { src: media.url, preload: "metadata" });
  const time = h("span.player-time", null, lengthOf(media.duration ?? 0));
  const button = h("button.player-button", { "aria-label": t("play"), onclick: () => toggle(audio) }, icon("play"));
  const track = media.kind === "voice" ? waveform(media.url) : line();
  track.addEventListener("click", (event) => seek(audio, track, event));
  const title = media.kind === "audio" && h("span.player-title", null, media.name || t("audio"));
  const node = h("div.player", { testid: `media-${media.kind}`, class: `player-${media.kind}` },
    button, h("div.player-body", null, title, track, time), audio);
  const show = () => {
    const length = Number.isFinite(audio.duration) ? audio.duration : media.duration;
    track.style.setProperty("--played", length ? `${(audio.currentTime / length) * 100}%` : "0%");
    time.textContent = audio.currentTime ? `${lengthOf(audio.currentTime)} / ${lengthOf(length)}` : lengthOf(length);
  };
  const state = () => {
    button.replaceChildren(icon(audio.paused ? "play" : "pause"));
    button.setAttribute("aria-label", t(audio.paused ? "play" : "pause"));
    show();
  };
  audio.onloadedmetadata = show;
  audio.ontimeupdate = show;
  audio.onplay = state;
  audio.onpause = state;
  audio.onended = () => { audio.currentTime = 0; state(); };
  audio.onerror = () => node.classList.add("broken");
  return node;
}

function toggle(element) {
  if (!element.paused) return element.pause();
  takeTurn(element);
  return element.play().catch(() => element.closest(".player, .round-video")?.classList.add("broken"));
}

function seek(audio, track, event) {
  const box = track.getBoundingClientRect();
  if (Number.isFinite(audio.duration)) audio.currentTime = ((event.clientX - box.left) / box.width) * audio.duration;
}

function waveform(seed) {
  const bars = Array.from({ length: 34 }, (_, i) => {
    const loud = (hash(`${seed}${i}`) % 70) / 100;
    return h("i", { style: { "--loud": String(0.2 + loud * (0.6 + 0.4 * Math.sin(i / 3))) } });
  });
  return h("div.waveform", null, h("div.bars", null, bars), h("div.bars.played", null, bars.map((bar) => bar.cloneNode())));
}

const line = () => h("div.sound-line", null, h("i"));

/** Round video: plays in its circle at a tap. data-testid: media-video_note. */
export function roundVideo(media) {
  const video = h("video", { src: media.url, preload: "metadata", playsinline: true, loop: true });
  const node = h("button.round-video", {
    testid: "media-video_note", "aria-label": t("video_note"), onclick: () => toggle(video),
  }, video, h("span.round-play", null, icon("play")), h("span.round-time", null, lengthOf(media.duration ?? 0)));
  video.onplay = () => node.classList.add("playing");
  video.onpause = () => node.classList.remove("playing");
  video.onerror = () => node.classList.add("broken");
  return node;
}
