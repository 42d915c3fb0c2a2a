"use strict";
/* Scans that wait for their answer, on disk before they are sent: a reload or a flat battery loses none.
 * First in, first out, a line for each station. Without IndexedDB they are kept in memory, and `isKept` says so.
 * Beside them lies what a walk without the network needs (as far as there is room; the page knows it too): under "at"
 * where the floor stood when it answered last, under "tour" the walk. A scan leaves together with the standing its answer brought: one without the other would be
 * counted twice, or not at all. */

function openQueue(station) {
  return new Promise((resolve) => {
    const request = window.indexedDB.open("floor", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("scans", { keyPath: "place", autoIncrement: true }).createIndex("station", "station");
    };
    request.onsuccess = () => resolve(queueOnDisk(request.result, station));
    request.onerror = () => resolve(queueInMemory());
  }).catch(() => queueInMemory());
}

function queueOnDisk(database, station) {
  /* `strict`: the operator hears "ok" for what a power cut cannot take back. */
  function run(mode, work) {
    return new Promise((resolve, reject) => {
      const change = database.transaction("scans", mode, { durability: "strict" });
      const request = work(change.objectStore("scans"));
      change.oncomplete = () => resolve(request.result);
      change.onerror = change.onabort = () => reject(change.error);
    });
  }
  const spilled = queueInMemory(); // the disk is full: better kept badly than not at all
  const under = (name) => `${name} ${station}`; // no `station` of its own: it stands in no line
  return {
    get isKept() { return !spilled.size(); },
    put: (scan) => run("readwrite", (scans) => scans.add({ ...scan, station })).catch(() => spilled.put(scan)),
    first: async () => (await run("readonly", (scans) => scans.index("station").get(station))) || spilled.first(),
    drop: (scan, at) => run("readwrite", (scans) => {
      scans.put({ place: under("at"), kept: at });
      return scan.place ? scans.delete(scan.place) : spilled.drop();
    }).catch(() => scan.place && run("readwrite", (scans) => scans.delete(scan.place))), // a full disk still lets go
    // In one transaction, so that the two belong together.
    whole: async () => {
      let at;
      const waiting = await run("readonly", (scans) => {
        at = scans.get(under("at"));
        return scans.index("station").getAll(station);
      });
      return { scans: [...waiting, ...(await spilled.whole()).scans], at: (at.result || {}).kept };
    },
    change: (scan) => run("readwrite", (scans) => {
      const there = scans.get(scan.place || 0); // answered meanwhile, it must not come back
      there.onsuccess = () => there.result && scans.put(scan);
      return there;
    }),
    keep: (name, kept) => run("readwrite", (scans) => scans.put({ place: under(name), kept })).catch(() => {}),
    kept: async (name) => ((await run("readonly", (scans) => scans.get(under(name)))) || {}).kept,
    count: async () => (await run("readonly", (scans) => scans.index("station").count(station))) + spilled.size(),
  };
}

function queueInMemory() {
  const scans = [], kept = {};
  return {
    isKept: false,
    size: () => scans.length,
    put: async (scan) => void scans.push(scan),
    first: async () => scans[0],
    drop: async (scan, at) => { scans.shift(); kept.at = at; },
    whole: async () => ({ scans: [...scans], at: kept.at }),
    change: async () => {}, // what was handed out is what lies here
    keep: async (name, value) => { kept[name] = value; },
    kept: async (name) => kept[name],
    count: async () => scans.length,
  };
}
