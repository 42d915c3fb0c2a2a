"use strict";
/* What came of a scan, for whoever looks at the shelf and not at the screen: each kind of verdict has a sound and a
 * vibration of its own. Colour, shape and words are the page's. */

const FEEDBACK = {
  applied: { tones: [[880, 0, 0.07], [1320, 0.08, 0.09]], shape: "sine", shakes: 40 }, // up
  rejected: { tones: [[170, 0, 0.22], [140, 0.26, 0.34]], shape: "square", shakes: [200, 90, 200] }, // a low buzz, down
  over: { tones: [[660, 0, 0.09], [660, 0.15, 0.09], [660, 0.3, 0.09]], shape: "triangle", shakes: [60, 60, 60, 60, 60] },
};

let audio = null;

function tell(kind, words) {
  const { tones, shape, shakes } = FEEDBACK[kind];
  document.getElementById("spoken").textContent = words;
  beep(tones, shape);
  if (navigator.vibrate) navigator.vibrate(shakes);
}

function beep(tones, shape) {
  if (!audio) return;
  for (const [hertz, from, seconds] of tones) {
    const source = audio.createOscillator(), volume = audio.createGain(), at = audio.currentTime + from;
    source.type = shape;
    source.frequency.value = hertz;
    volume.gain.setValueAtTime(0.25, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + seconds);
    source.connect(volume).connect(audio.destination);
    source.start(at);
    source.stop(at + seconds);
  }
}

/* A browser plays nothing before the first touch or key. */
function allowSound() {
  if (!audio && window.AudioContext) audio = new AudioContext();
  if (audio && audio.state === "suspended") audio.resume();
}
