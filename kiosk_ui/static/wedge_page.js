"use strict";
/* The page's end of the wedge: its events go into the machine, and what was a scan is taken back out of fields.
 *
 * Nothing needs the focus. While a person's field has it, keys go into the field as they always do, because what was
 * typed must show at once; when they turn out to have been a scan, the field gets back what it held before. */

const SCANNER_KEPT_AS = "floor-scanner";
const PAGE_CLOCK = {
  now: () => performance.now(),
  after: (ms, then) => setTimeout(then, ms),
  cancel: (timer) => clearTimeout(timer),
};

/* How this device's scanner is set, as commissioning found it; the usual rules where none was commissioned. */
function scannerRules() {
  let found = null;
  try {
    found = JSON.parse(localStorage.getItem(SCANNER_KEPT_AS));
  } catch (error) {
    found = null; // no storage, or something else under our name: heard as any scanner is
  }
  return Object.assign(Object.create(WEDGE), found && typeof found === "object" ? found.rules : {});
}

/* A machine with a clock. `key`, `up` and `text` take events and answer whether the page is to leave them alone. */
function hearWedge(onScan, { rules = WEDGE, clock = PAGE_CLOCK, onUnclear = () => {}, onTyped = () => {} } = {}) {
  const machine = wedgeMachine(rules);
  let timer = null;

  function tell({ isOurs, told }) {
    clock.cancel(timer);
    const due = machine.due();
    if (due !== null) timer = clock.after(Math.max(0, due - clock.now()), () => tell(machine.tick(clock.now())));
    for (const one of told) {
      if (one.kind === "typed") {
        onTyped(one.text);
        continue;
      }
      putBack(one.from);
      if (one.kind === "scan") onScan(one.code);
      else onUnclear(one.why, one.text);
    }
    return isOurs;
  }

  return {
    forget: machine.forget,
    sent: () => tell(machine.sent()),
    key: (event, mark) => tell(machine.down(event, clock.now(), mark)),
    up: (event, mark) => tell(machine.up(event, clock.now(), mark)),
    text(text, at, ends, mark) {
      const isOurs = tell(machine.text(text, at, clock.now(), mark));
      if (ends) tell(machine.down({ key: "Enter", code: "Enter", timeStamp: at }, clock.now(), mark));
      return isOurs;
    },
  };
}

/* What a person types into, as it is now; null for the page itself, its buttons and our own catcher. */
function markOf(target, catcher) {
  if (!target || target === catcher || !("value" in target) || !/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return null;
  const hasCaret = target.tagName === "TEXTAREA" || /^(text|search|url|tel|password)$/.test(target.type);
  if (!hasCaret && !/^(SELECT|number|email|date|time|month|week|datetime-local)$/.test(target.tagName === "SELECT" ? "SELECT" : target.type)) return null;
  return { field: target, value: target.value, caret: hasCaret ? [target.selectionStart, target.selectionEnd] : null };
}

function putBack(mark) {
  if (!mark || mark.field.value === mark.value) return;
  mark.field.value = mark.value;
  if (mark.caret) mark.field.setSelectionRange(...mark.caret);
  mark.field.dispatchEvent(new Event("input", { bubbles: true }));
}

/* Hears the whole document. `catcher`: the field that has the focus on a device whose scanner types as a keyboard app
 * would; it opens no keyboard (`inputmode=none`) and never keeps what it caught. Returns a way to stop. */
function listenToWedge(wedge, catcher = null) {
  let isEcho = false; // the text of a key that has been heard already

  const listeners = {
    keydown(event) {
      isEcho = false;
      const isOurs = wedge.key(event, markOf(event.target, catcher));
      if (isOurs) event.preventDefault(); // Enter would press the button touched last
      else isEcho = event.key.length === 1 || event.key === "Enter" || event.key === "Dead";
    },
    keyup(event) {
      if (wedge.up(event, markOf(event.target, catcher))) isEcho = true;
    },
    beforeinput(event) {
      const isCaught = event.target === catcher;
      if (isEcho && !event.isComposing) {
        isEcho = false;
        if (isCaught) event.preventDefault();
        return;
      }
      const mark = markOf(event.target, catcher);
      // What a person pastes, drops, corrects or composes is no scan. In the catcher a composition ends as text.
      if (event.inputType === "insertText") wedge.text(event.data, event.timeStamp, false, mark);
      else if (event.inputType === "insertLineBreak" && isCaught) wedge.text("", event.timeStamp, true, mark);
    },
    compositionend(event) {
      if (event.target === catcher) wedge.text(event.data, event.timeStamp, false, null);
    },
    submit: () => wedge.sent(), // by Enter it is over already
    input(event) {
      if (event.target === catcher && !event.isComposing) catcher.value = "";
    },
  };
  for (const [name, listener] of Object.entries(listeners)) document.addEventListener(name, listener, true);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) document.removeEventListener(name, listener, true);
  };
}
