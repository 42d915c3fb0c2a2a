"use strict";
/* Scans that wait for their answer, on disk before they are sent: a reload or a flat battery loses none.
 * First in, first out, a line for each station. Without IndexedDB they are kept in memory, and `isKept` says so. */

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
  return {
    get isKept() { return !spilled.size(); },
    put: (scan) => run("readwrite", (scans) => scans.add({ ...scan, station })).catch(() => spilled.put(scan)),
    first: async () => (await run("readonly", (scans) => scans.index("station").get(station))) || spilled.first(),
    drop: (scan) => scan.place ? run("readwrite", (scans) => scans.delete(scan.place)) : spilled.drop(),
    count: async () => (await run("readonly", (scans) => scans.index("station").count(station))) + spilled.size(),
  };
}

function queueInMemory() {
  const scans = [];
  return {
    isKept: false,
    size: () => scans.length,
    put: async (scan) => void scans.push(scan),
    first: async () => scans[0],
    drop: async () => void scans.shift(),
    count: async () => scans.length,
  };
}
