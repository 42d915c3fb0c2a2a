"""Traces of keys for the page to read, the same for the same seed: `list(Corpus(7))`.

A trace is what a page would see and what is true of it: the codes that were pulled, the text that was typed.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator

from tests.browser.wedge_pen import GS, LAYOUTS, Pen, Scanner, Trace, place_of, read_by

LETTERS = string.ascii_uppercase + string.digits
SIGNS = "-./:+"


class Corpus:
    """All traces of a seed: `list(Corpus(7))`."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def __iter__(self) -> Iterator[Trace]:
        for make, count in self.kinds():
            for _ in range(count):
                yield make()

    def kinds(self) -> list[tuple[Callable[[], Trace], int]]:
        """Each kind of trace and how many of it."""
        return [
            (self.fast, 150), (self.slow, 100), (self.aim, 120), (self.own_prefix, 40), (self.pause, 70),
            (self.late_page, 50), (self.two_pulls, 120), (self.half, 40), (self.separators, 70), (self.layouts, 90),
            (self.caps, 40), (self.android, 80), (self.into_field, 100), (self.two_scanners, 80), (self.typing, 240),
            (self.repeat, 30), (self.not_keys, 60),
        ]  # fmt: skip

    def code(self, shortest: int, longest: int, signs: str = SIGNS) -> str:
        length = self.chance.randint(shortest, longest)
        return "".join(self.chance.choice(LETTERS + (signs if place > 0 else "")) for place in range(length))

    def suffix(self) -> tuple[str, ...]:
        return self.chance.choice((("Enter",), ("Enter",), ("Tab",), ("Enter", "Tab"), ("Enter", "Enter")))

    def scanner(self, ms: float, **values: object) -> Scanner:
        values = {"has_ups": self.chance.random() < 0.8, "shows_held": self.chance.random() < 0.8, **values}
        return Scanner(ms=ms, **values)

    def _one(self, trace: Trace, scanner: Scanner, *codes: str) -> Trace:
        pen = Pen(self.chance, trace)
        for code in codes:
            pen.pull(scanner, code)
            pen.wait(self.chance.uniform(300, 1_500))
        return trace

    def fast(self) -> Trace:
        ms = self.chance.uniform(5, 40)
        scanner = self.scanner(ms, suffix=self.suffix())
        trace = Trace("fast, with a suffix", target=self.chance.choice(("page", "button", "catcher")))
        return self._one(trace, scanner, *(self.code(3 if ms < 22 else 6, 90) for _ in range(2)))

    def slow(self) -> Trace:
        has_ups = self.chance.random() < 0.5
        scanner = self.scanner(
            self.chance.uniform(45, 110), suffix=self.suffix(), has_ups=has_ups, jitter=0.2 if has_ups else 0.08
        )
        return self._one(Trace("slow, with a suffix"), scanner, self.code(9, 40))

    def aim(self) -> Trace:
        prefix = self.chance.choice(("]C0", "]C1", "]d2", "]E0", "]Q3"))
        scanner = self.scanner(self.chance.uniform(5, 300), prefix=prefix, suffix=self.suffix())
        rules = {"prefix": "aim", "suffix": scanner.suffix[0]} if self.chance.random() < 0.5 else {}
        code = self.code(1, 90)
        trace = self._one(Trace("AIM prefix, any speed", rules), scanner, code)
        trace.scans = [prefix + code]
        return trace

    def own_prefix(self) -> Trace:
        prefix = self.chance.choice(("~", "^^", "{"))
        scanner = self.scanner(self.chance.uniform(5, 110), prefix=prefix)
        return self._one(
            Trace("prefix of its own", {"prefix": prefix, "suffix": "Enter"}),
            scanner,
            self.code(1, 40),
            self.code(1, 9),
        )

    def pause(self) -> Trace:
        ms = self.chance.uniform(5, 40)
        codes = [self.code(5 if ms < 22 else 7, 60) for _ in range(2)]
        pen = Pen(
            self.chance, Trace("no suffix: ended by a pause", {"suffix": "none"} if self.chance.random() < 0.3 else {})
        )
        for code in codes:
            pen.pull(self.scanner(ms, suffix=()), code)
            pen.wait(self.chance.uniform(900, 1_500))
        return pen.trace

    def late_page(self) -> Trace:
        """The page stands still for a while: its timers and keys wait, and the timers come first."""
        has_suffix = self.chance.random() < 0.5
        scanner = self.scanner(self.chance.uniform(5, 28), suffix=("Enter",) if has_suffix else ())
        trace = self._one(Trace("the page stood still"), scanner, self.code(8, 40))
        begin = self.chance.choice(trace.steps)["now"] - 0.5
        end = begin + self.chance.uniform(100, 2_500)
        for step in trace.steps:
            if begin <= step["now"] < end:
                step["now"] = end
        trace.steps.insert(0, {"what": "busy", "at": begin, "now": begin, "until": end})
        return trace

    def two_pulls(self) -> Trace:
        way = self.chance.choice(("suffix", "suffix", "aim", "nothing", "first without"))
        fast, other = self.chance.uniform(5, 11), self.chance.uniform(5, 11)
        aim = way == "aim"
        first = self.scanner(
            fast, suffix=("Enter",) if way == "suffix" else (), prefix="]C0" if aim else "", jitter=0.2
        )
        second = self.scanner(
            other, suffix=() if way in ("aim", "nothing") else ("Enter",), prefix="]E0" if aim else "", jitter=0.2
        )
        if way == "suffix":
            second.ms = self.chance.uniform(5, 28)
        codes = [self.code(6, 30) for _ in range(2)]
        codes[1] = codes[0] if self.chance.random() < 0.2 else codes[1]
        pen = Pen(self.chance, Trace(f"two pulls 30 ms apart, {way}", is_lossy=way in ("nothing", "first without")))
        pen.pull(first, codes[0])
        pen.wait(30)
        pen.pull(second, codes[1])
        if aim:
            pen.trace.scans = [f"]C0{codes[0]}", f"]E0{codes[1]}"]
        return pen.trace

    def half(self) -> Trace:
        has_prefix = self.chance.random() < 0.5
        scanner = self.scanner(self.chance.uniform(5, 28), prefix="]C0" if has_prefix else "")
        pen = Pen(self.chance, Trace("half a code, then a whole one"))
        pen.keys(scanner, self.code(3, 20), is_whole=False)
        pen.wait(self.chance.uniform(160, 480))
        pen.pull(scanner, self.code(6, 20))
        pen.trace.scans = [scanner.prefix + code for code in pen.trace.scans]
        return pen.trace

    def separators(self) -> Trace:
        way = self.chance.choice(("ctrl", "alt", "literal", "F8", "~", "dropped"))
        host = self.chance.choice(LAYOUTS) if way == "ctrl" else "us"
        scanner = self.scanner(self.chance.uniform(5, 20), prefix="]d2", gs=way, host=host, layout=host)
        fields = ("0109506000134352", "10AB12", "21" + self.code(1, 12, ""))
        rules = {"prefix": "aim", "suffix": "Enter", "gs": "~" if way == "~" else ""}
        if host != "us":
            scanner.layout, rules["layout"] = "us", "us"  # a scanner as it left the factory at a foreign computer
        pen = Pen(self.chance, Trace(f"GS as {way}", rules))
        pen.pull(scanner, GS.join(fields))
        pen.trace.scans = ["]d2" + ("" if way == "dropped" else GS).join(fields)]
        return pen.trace

    def layouts(self) -> Trace:
        host, layout = self.chance.choice(LAYOUTS), self.chance.choice(LAYOUTS)
        scanner = self.scanner(self.chance.uniform(5, 40), host=host, layout=layout, prefix="]C0")
        code = self.code(6, 30, "-:/+#@") + self.chance.choice("abcxyz")
        rules = {"prefix": "aim", "suffix": "Enter", "layout": layout}
        trace = self._one(Trace("keyboard of another country", rules), scanner, code)
        trace.scans = [f"]C0{code}"]
        return trace

    def caps(self) -> Trace:
        layout = self.chance.choice(("", "us"))
        caps = self.chance.choice(("on", "minded"))
        rules = {"layout": layout, "caps": "minded" if caps == "minded" else "swaps"}
        code = self.code(6, 20) + "xyZ"
        return self._one(Trace("Caps Lock is on", rules), self.scanner(self.chance.uniform(5, 20), caps=caps), code)

    def android(self) -> Trace:
        way = self.chance.choice(("whole", "whole and line end", "a character", "keys with Alt", "traced"))
        pen = Pen(self.chance, Trace(f"Android, {way}", target="catcher"))
        for code in (self.code(6, 40), self.code(6, 40)):
            if way == "keys with Alt":
                pen.pull(self.scanner(self.chance.uniform(5, 40), alt_key=True), code)
            else:
                self._put_in(pen, way, code)
            pen.wait(self.chance.uniform(400, 1_000))
        return pen.trace

    def _put_in(self, pen: Pen, way: str, code: str) -> None:
        pen.trace.scans.append(code)
        sent = code
        if way == "traced":
            pen.trace.rules = {"layout": "us", "host": "de"}
            code = pen.trace.scans[-1] = code.replace("+", "-")  # where a German keyboard waits for a second key
            sent = "".join(read_by(Scanner(host="de"), character)["key"] for character in code)
        for text in code if way == "a character" else [sent + ("\n" if way == "whole and line end" else "")]:
            pen.put("down", key="Unidentified", code="", keyCode=229)
            pen.put("text", data=text, inputType="insertText")
            pen.wait(self.chance.uniform(8, 30))
        if way != "whole and line end":
            pen.put("down", key="Enter", code="")

    def into_field(self) -> Trace:
        """A person types into a field, somebody pulls the trigger, the person types on."""
        has_prefix = self.chance.random() < 0.5
        prefix = "]C0" if has_prefix else ""
        scanner = self.scanner(self.chance.uniform(5, 28), prefix=prefix, suffix=self.suffix())
        before, after = self.code(0, 6, ""), self.code(0, 4, "")
        pen = Pen(self.chance, Trace("a scan while a field has the focus", target="field", typed=before + after))
        pen.type(before)
        pen.wait(self.chance.uniform(20, 200) if has_prefix else self.chance.uniform(160, 700))
        pen.pull(scanner, self.code(6, 40))
        pen.trace.scans = [prefix + code for code in pen.trace.scans]
        pen.wait(self.chance.uniform(200, 900))
        pen.type(after)
        return pen.trace

    def two_scanners(self) -> Trace:
        """Two scanners at one page, with prefix and suffix; their characters mixed in half of the traces."""
        rules = {"prefix": "aim", "suffix": "Enter"}
        one, other = Trace("", rules), Trace("", rules)
        scanners = [
            self.scanner(self.chance.uniform(8, 28), prefix="]C0", jitter=0.15, has_ups=False) for _ in range(2)
        ]
        is_mixed = self.chance.random() < 0.5
        pen = Pen(self.chance, one)
        pen.pull(scanners[0], self.code(8, 20))
        begun, ended = one.steps[0]["at"], pen.at
        at = self.chance.uniform(begun + 4 * scanners[0].ms, ended - 2 * scanners[0].ms) if is_mixed else ended + 30
        Pen(self.chance, other, at).pull(scanners[1], self.code(8, 20))
        steps = sorted(one.steps + other.steps, key=lambda step: step["at"])
        scans = [f"]C0{code}" for code in one.scans + other.scans]
        return Trace(f"two scanners, {'mixed' if is_mixed else 'in turn'}", rules, "page", steps, scans, "", is_mixed)

    def typing(self) -> Trace:
        """A person typing fast, with or without Enter, in a field or on the page."""
        target = self.chance.choice(("page", "field", "button"))
        style = self.chance.choice(("even", "burst", "human"))
        words = ("T-000123-C", "85123A", "4006381333931", "warehouse", "12", "the other thing", self.code(6, 24))
        text, ending = self.chance.choice(words), self.chance.choice(("", "\n", "\t"))
        pen = Pen(self.chance, Trace(f"typing, {style}", target=target, typed=text if target == "field" else ""))
        if target == "button":
            ending = ""  # Enter on a button is for pressing it
        pen.type(text + ending, has_ups=self.chance.random() < 0.8, style=style)
        return pen.trace

    def repeat(self) -> Trace:
        """A key held down."""
        key, times = self.chance.choice("a0x-"), self.chance.randint(6, 40)
        target = self.chance.choice(("page", "field"))
        trace = Trace("a key held down", target=target, typed=key * (times + 1) if target == "field" else "")
        pen = Pen(self.chance, trace)
        pen.put("down", key=key, code=place_of(key))
        pen.wait(500)
        for _ in range(times):
            pen.put("down", key=key, code=place_of(key), repeat=True)
            pen.wait(33)
        pen.put("up", key=key, code=place_of(key))
        pen.wait(100)
        pen.put("down", key="Enter", code="Enter")
        return trace

    def not_keys(self) -> Trace:
        """Text that comes into a field without a person's keys: pasted, composed, proposed by a phone's keyboard."""
        way = self.chance.choice(("paste", "compose", "propose", "phone"))
        text = self.code(6, 20, "")
        pen = Pen(self.chance, Trace(f"typing, {way}", target="field", typed=text))
        if way == "paste":
            pen.put("down", key="v", code="KeyV", ctrl=True)
            pen.put("text", data=text, inputType="insertFromPaste")
        elif way == "compose":
            for place in range(len(text)):
                pen.put("down", key="Process", code="", keyCode=229)
                pen.put("text", data=text[: place + 1], inputType="insertCompositionText", replaces=place)
                pen.wait(self.chance.uniform(60, 150))
        else:
            for part in [text] if way == "propose" else text:
                pen.put("down", key="Unidentified", code="", keyCode=229)
                pen.put("text", data=part, inputType="insertText")
                pen.wait(self.chance.uniform(110, 250))
        pen.wait(120)
        pen.put("down", key="Enter", code="Enter")
        return pen.trace
