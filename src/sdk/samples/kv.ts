/**
 * A key-value store in one hash table, as a cache in front of a service: it is filled once, then it is read, and now and
 * then a put changes eight bytes somewhere, most often those of a few popular keys. Between two checkpoints a small part of
 * its pages is written, all over the table: the case that tracking dirty pages is for.
 *
 *     kv [slots, 524288 unless given; a power of two]
 */
import { SUCCESS, checkpoint, finalize, initSingle, protect, restart, restartTest } from "veloc";

const OPERATIONS: i32 = 1_000_000;
/** One operation of so many writes. */
const WRITE_ONE_IN: u64 = 256;
const POPULAR_KEYS: u64 = 64;
const CHECKPOINTS: i32 = 10;
const EMPTY: u64 = 0;
const DELETED: u64 = u64.MAX_VALUE;

const slots: i32 = process.argv.length > 1 ? I32.parseInt(process.argv[1]) : 524288;
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

/** Fills half of the table, before the first checkpoint. */
function fill(): void {
  for (let key: u64 = 1; key <= <u64>(slots / 2); key++) put(key, key * key);
}

/** Most operations read any key. Of the writes, most change a popular key; some store a new one or remove one. */
function operate(): void {
  const random = nextRandom();
  const anyKey = 1 + (random >> 16) % <u64>(slots / 2);
  if ((random >> 3) % WRITE_ONE_IN != 0) state[FOUND] += <u64>has(anyKey);
  else if ((random & 7) < 5) put(1 + anyKey % POPULAR_KEYS, random);
  else if ((random & 7) < 7) put(anyKey, random);
  else remove(anyKey);
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
else {
  state[RANDOM] = 0x2545f4914f6cdd1d;
  fill();
}

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
