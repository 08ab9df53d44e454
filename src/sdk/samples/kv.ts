/**
 * A key-value store in one hash table. A put lands anywhere in the table: eight bytes here, eight bytes there, and after
 * a while a few bytes on every page. Tracking pays while an epoch is short, and stops paying when it has touched them all.
 *
 *     kv [slots, 131072 unless given; a power of two]
 */
import { SUCCESS, checkpoint, finalize, initSingle, protect, restart, restartTest } from "veloc";

const OPERATIONS: i32 = 1_500_000;
const CHECKPOINTS: i32 = 10;
const EMPTY: u64 = 0;
const DELETED: u64 = u64.MAX_VALUE;

const slots: i32 = process.argv.length > 1 ? I32.parseInt(process.argv[1]) : 131072;
assert(slots >= 1024 && (slots & (slots - 1)) == 0, "the number of slots must be a power of two from 1024");

// Everything the program goes on from after a restart: two arrays of plain numbers, and the counters in a third.
const keys = new StaticArray<u64>(slots);
const values = new StaticArray<u64>(slots);
const state = new StaticArray<u64>(4);
const RANDOM = 0;
const DONE = 1;
const STORED = 2;
const FOUND = 3;

function nextRandom(): u64 {
  let x = state[RANDOM];
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  state[RANDOM] = x;
  return x;
}

/** Where a key is, or else the slot that it would go to. */
function slotOf(key: u64): i32 {
  let slot = <i32>((key * 0x9e3779b97f4a7c15) >> 40) & (slots - 1);
  let free = -1;
  while (true) {
    const found = keys[slot];
    if (found == key) return slot;
    if (found == EMPTY) return free >= 0 ? free : slot;
    if (found == DELETED && free < 0) free = slot;
    slot = (slot + 1) & (slots - 1);
  }
}

function put(key: u64, value: u64): void {
  const slot = slotOf(key);
  if (keys[slot] != key) {
    keys[slot] = key;
    state[STORED] += 1;
  }
  values[slot] = value;
}

function remove(key: u64): void {
  const slot = slotOf(key);
  if (keys[slot] != key) return;
  keys[slot] = DELETED;
  values[slot] = 0;
  state[STORED] -= 1;
}

function has(key: u64): bool {
  return keys[slotOf(key)] == key;
}

/** Half of the operations read, most of the others write. The keys are few enough to fill half of the table. */
function operate(): void {
  const random = nextRandom();
  const key = 1 + (random >> 16) % <u64>(slots / 2);
  const kind = <i32>(random & 15);
  if (kind < 8) state[FOUND] += <u64>has(key);
  else if (kind < 15) put(key, random);
  else remove(key);
}

function checksum(): u64 {
  let hash: u64 = 0xcbf29ce484222325;
  for (let i = 0; i < slots; i++) {
    hash = (hash ^ keys[i]) * 0x100000001b3;
    hash = (hash ^ values[i]) * 0x100000001b3;
  }
  return hash;
}

assert(initSingle(0) == SUCCESS);
protect(0, state, "state");
protect(1, keys, "keys");
protect(2, values, "values");

const version = restartTest("kv");
if (version > 0) assert(restart("kv", version) == SUCCESS, "the checkpoint cannot be read");
else state[RANDOM] = 0x2545f4914f6cdd1d;

while (<i32>state[DONE] < OPERATIONS) {
  operate();
  state[DONE] += 1;
  const done = <i32>state[DONE];
  if (done % (OPERATIONS / CHECKPOINTS) == 0) {
    assert(checkpoint("kv", done / (OPERATIONS / CHECKPOINTS)) == SUCCESS, "the checkpoint failed");
  }
}

finalize();
console.log(`${state[DONE]} operations, ${state[STORED]} keys, ${state[FOUND]} found, checksum ${checksum().toString(16)}`);
