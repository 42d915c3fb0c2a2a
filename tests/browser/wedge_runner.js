"use strict";
/* Plays traces to the page's own listeners, with a clock of its own: `playTraces(traces)` → what came of each. */

function fakeClock() {
  let now = 0, busyFrom = Infinity, busyUntil = 0, timers = [];
  return {
    now: () => now,
    after(ms, then) {
      const timer = { at: now + ms, then };
      timers.push(timer);
      return timer;
    },
    cancel: (timer) => { timers = timers.filter((one) => one !== timer); },
    busy(from, until) { [busyFrom, busyUntil] = [from, until]; },
    /* Timers that come due in a time in which the page stands still run at its end, before anything else. */
    advance(to) {
      for (;;) {
        const when = (timer) => timer.at >= busyFrom && timer.at < busyUntil ? busyUntil : timer.at;
        const next = timers.filter((timer) => when(timer) <= to).sort((one, other) => when(one) - when(other))[0];
        if (!next) break;
        timers = timers.filter((one) => one !== next);
        now = Math.max(now, when(next));
        next.then();
      }
      now = Math.max(now, to);
    },
  };
}

function eventOf(step) {
  const { what, key = "", code = "", at } = step;
  if (what === "text") {
    const event = new InputEvent("beforeinput", { bubbles: true, cancelable: true, data: step.data, inputType: step.inputType,
      isComposing: step.inputType === "insertCompositionText" });
    return Object.defineProperty(event, "timeStamp", { value: at });
  }
  const event = new KeyboardEvent(what === "up" ? "keyup" : "keydown", { bubbles: true, cancelable: true, key, code,
    shiftKey: Boolean(step.shift), ctrlKey: Boolean(step.ctrl), altKey: Boolean(step.alt), repeat: Boolean(step.repeat),
    modifierCapsLock: Boolean(step.caps), modifierAltGraph: Boolean(step.altGraph) });
  return Object.defineProperty(event, "timeStamp", { value: at });
}

/* What the browser would do with it: put text where the caret is. Made-up events have no such effect of their own. */
function insert(field, text, replaces = 0) {
  const end = field.selectionEnd;
  field.setRangeText(text, field.selectionStart - replaces, end, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true, data: text, inputType: "insertText" }));
}

function playTrace(trace) {
  const nodes = { page: document.body, field: document.getElementById("field"), catcher: document.getElementById("catcher"),
    button: document.getElementById("button") };
  const target = nodes[trace.target], clock = fakeClock();
  const came = { scans: [], unclear: [], typed: "", field: "", pressed: 0 };
  nodes.field.value = nodes.catcher.value = "";
  if (target.setSelectionRange) target.setSelectionRange(0, 0);
  const wedge = hearWedge((code) => came.scans.push(code), { rules: Object.assign(Object.create(WEDGE), trace.rules), clock,
    onUnclear: (why) => came.unclear.push(why), onTyped: (text) => { came.typed += text; } });
  const stop = listenToWedge(wedge, nodes.catcher);
  const isEditable = trace.target === "field" || trace.target === "catcher";
  for (const step of trace.steps.slice().sort((one, other) => one.now - other.now || one.at - other.at)) {
    if (step.what === "busy") {
      clock.busy(step.now, step.until);
      continue;
    }
    clock.advance(step.now);
    const goesOn = target.dispatchEvent(eventOf(step));
    if (step.what === "text" && goesOn && isEditable) insert(target, step.data.replace("\n", ""), step.replaces);
    if (step.what !== "down" || !goesOn || step.ctrl) continue;
    if (isEditable && [...step.key].length === 1) {
      const then = eventOf({ what: "text", data: step.key, inputType: "insertText", at: step.at });
      if (target.dispatchEvent(then)) insert(target, step.key);
    }
    if (trace.target === "button" && (step.key === "Enter" || step.key === " ")) came.pressed += 1;
  }
  clock.advance(clock.now() + 30_000);
  stop();
  came.field = nodes.field.value;
  came.caught = nodes.catcher.value;
  return came;
}

const playTraces = (traces) => traces.map(playTrace);
