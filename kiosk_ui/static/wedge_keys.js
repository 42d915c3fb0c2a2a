"use strict";
/* One key of a wedge scanner → the character it means.
 *
 * A scanner presses keys as a keyboard of the country it is set to; the device reads them as a keyboard of its own
 * country. Where both agree, `key` is right as it arrives. Where commissioning found that they do not, the key's place
 * (`code`) says which character the scanner meant, whatever the device made of it; where a place is not told
 * (Android), the character itself is traced back to its key. The separator of a GS1 code has no key at all and comes
 * as Ctrl+], as Alt and 029 on the keypad, as F8, as itself, or as a character the scanner was told to send for it. */

const SEPARATOR = "\u001d";

const KEY_PLACES = ["Backquote", ..."1234567890".split("").map((digit) => `Digit${digit}`), "Minus", "Equal",
  ..."QWERTYUIOP".split("").map((letter) => `Key${letter}`), "BracketLeft", "BracketRight",
  ..."ASDFGHJKL".split("").map((letter) => `Key${letter}`), "Semicolon", "Quote", "Backslash",
  ..."ZXCVBNM".split("").map((letter) => `Key${letter}`), "Comma", "Period", "Slash", "IntlBackslash", "Space"];

/* Characters of KEY_PLACES in their order: alone, with shift, with AltGr. "\0" where a key gives none of its own. */
const LAYOUTS = {
  us: ["`1234567890-=qwertyuiop[]asdfghjkl;'\\zxcvbnm,./\0 ", "~!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:\"|ZXCVBNM<>?\0 ", {}],
  uk: ["`1234567890-=qwertyuiop[]asdfghjkl;'#zxcvbnm,./\\ ", "¬!\"£$%^&*()_+QWERTYUIOP{}ASDFGHJKL:@~ZXCVBNM<>?| ",
    { Digit4: "€", Backquote: "¦" }],
  de: ["\x001234567890ß\0qwertzuiopü+asdfghjklöä#yxcvbnm,.-< ", "°!\"§$%&/()=?\0QWERTZUIOPÜ*ASDFGHJKLÖÄ'YXCVBNM;:_> ",
    { Digit2: "²", Digit3: "³", Digit7: "{", Digit8: "[", Digit9: "]", Digit0: "}", Minus: "\\", KeyQ: "@", KeyE: "€",
      BracketRight: "~", IntlBackslash: "|", KeyM: "µ" }],
  fr: ["²&é\"'(-è_çà)=azertyuiop\0$qsdfghjklmù*wxcvbn,;:!< ", "\x001234567890°+AZERTYUIOP\0£QSDFGHJKLM%µWXCVBN?./§> ",
    { Digit2: "~", Digit3: "#", Digit4: "{", Digit5: "[", Digit6: "|", Digit7: "`", Digit8: "\\", Digit9: "^",
      Digit0: "@", Minus: "]", Equal: "}", KeyE: "€" }],
};

const HELD_KEYS = new Set(["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "NumLock", "Fn", "FnLock"]);

/* Which character a key's place gives on a keyboard of `layout`; "" where it gives none. */
function characterAt(layout, code, isShifted, isAltGraph) {
  const [plain, shifted, altGraph] = LAYOUTS[layout];
  const found = isAltGraph ? altGraph[code] : (isShifted ? shifted : plain)[KEY_PLACES.indexOf(code)];
  return !found || found === "\0" ? "" : found;
}

/* A character that a device of `host` made of a scanner's key → the character a scanner of `layout` meant. */
function traced(character, host, layout) {
  const [plain, shifted, altGraph] = LAYOUTS[host];
  for (const [row, isShifted] of [[plain, false], [shifted, true]]) {
    const place = row.indexOf(character);
    if (place >= 0) return characterAt(layout, KEY_PLACES[place], isShifted, false);
  }
  const place = Object.keys(altGraph).find((code) => altGraph[code] === character);
  return place ? characterAt(layout, place, false, true) : "";
}

function swapCase(character) {
  const upper = character.toUpperCase();
  return upper === character ? character.toLowerCase() : upper;
}

const stateOf = (event, name) => Boolean(event.getModifierState && event.getModifierState(name));

/* down(event), up(event) → { kind, character, raw }. Kinds:
 *   character · end (Enter or Tab, `name`) · held (shift and the like) · part (of a character's number)
 *   garbled (a character that nobody can know) · untold (Android: the text comes by itself) · other (no scanner's key)
 * `raw` is what a person would have typed with it. */
function keyReader(rules) {
  let isAltHeld = false, number = "";

  function translated(event) {
    if (rules.layout && KEY_PLACES.includes(event.code)) {
      const character = characterAt(rules.layout, event.code, event.shiftKey, stateOf(event, "AltGraph"));
      // With the scanner minding Caps Lock itself, its shift is turned round when the lock is on.
      const isTurned = rules.caps === "minded" && stateOf(event, "CapsLock");
      return isTurned ? swapCase(character) : character;
    }
    return uncased(rules.host && rules.layout ? traced(event.key, rules.host, rules.layout) : event.key, event);
  }

  function uncased(character, event) {
    const isSwapped = rules.caps !== "minded" && stateOf(event, "CapsLock") && /^\p{L}$/u.test(character);
    return isSwapped ? swapCase(character) : character;
  }

  function isSeparator(event) {
    if (event.key === SEPARATOR) return true;
    if (event.key === "F8") return rules.gs === "" || rules.gs === "F8";
    return event.ctrlKey && !stateOf(event, "AltGraph") && (event.key === "]" || event.code === "BracketRight");
  }

  return {
    down(event) {
      const { key, code } = event;
      if (key === "Alt") [isAltHeld, number] = [true, ""];
      if (HELD_KEYS.has(key)) return { kind: "held" };
      if (key === "Enter" || key === "Tab") return { kind: "end", name: key };
      if (event.isComposing || key === "Unidentified" || key === "Process") return { kind: "untold" };
      // Only after the Alt key itself: some handhelds report `altKey` with every key.
      if (isAltHeld && /^Numpad\d$/.test(code)) {
        number += code.at(-1);
        return { kind: "part" };
      }
      if (isSeparator(event)) return { kind: "character", character: SEPARATOR, raw: "", isGuess: key !== SEPARATOR && key !== "]" };
      if (event.ctrlKey && !stateOf(event, "AltGraph") || event.metaKey) return { kind: "other" };
      const isDead = key === "Dead";
      if (!isDead && [...key].length !== 1) return { kind: "other" };
      const character = isDead && !rules.layout ? "" : translated(event);
      if (!character) return { kind: "garbled", character: "\ufffd", raw: isDead ? "" : key };
      return { kind: "character", character: character === rules.gs ? SEPARATOR : character, raw: isDead ? "" : key };
    },
    /* A character by its number ends when Alt is let go. */
    up(event) {
      if (event.key !== "Alt") return { kind: "other" };
      const typed = number;
      [isAltHeld, number] = [false, ""];
      if (!typed) return { kind: "other" };
      const value = Number(typed);
      // From 128 on the number means another character in every code page.
      if (typed.length > 4 || value > 127 || !value) return { kind: "garbled", character: "\ufffd", raw: "" };
      const character = String.fromCharCode(value);
      return { kind: "character", character: character === rules.gs ? SEPARATOR : character, raw: character };
    },
    /* Text that came without keys. */
    text(character) {
      const meant = rules.host && rules.layout ? traced(character, rules.host, rules.layout) : character;
      return meant === rules.gs ? SEPARATOR : meant || "\ufffd";
    },
  };
}
