/**
 * An exchange's order book: limit orders wait at their price, first come first served, until an order from the other
 * side meets them or they are cancelled. The best prices are written all the time and the far ones hardly ever; the
 * orders themselves come from a pool in which new ones take the place of those that are gone. A hot centre that is dirty
 * at every checkpoint, and a wide fringe that seldom is.
 *
 *     order-book [orders in the pool, 65536 unless given]
 */
import { SUCCESS, checkpoint, finalize, initSingle, memName, memProtect, protect, restart, restartTest } from "veloc";

const MESSAGES: i32 = 2_000_000;
const CHECKPOINTS: i32 = 10;
const PRICES: i32 = 4096;
const NONE: i32 = -1;

/** An order. Unmanaged, so that it is plain memory: its fields, one after the other. Orders name each other by index. */
@unmanaged
class Order {
  price: i32;
  quantity: i32;
  side: i32;
  previous: i32;
  next: i32;
  number: i32;
}

/** What the program knows besides orders and prices; in one piece, to be protected as one region. */
@unmanaged
class Market {
  random: u64;
  traded: u64;
  turnover: u64;
  messages: i32;
  orders: i32;
  free: i32;
  bestBid: i32;
  bestAsk: i32;
  middle: i32;
}

const BID = 0;
const ASK = 1;

const poolSize: i32 = process.argv.length > 1 ? I32.parseInt(process.argv[1]) : 65536;
assert(poolSize >= 16, "the pool must hold at least 16 orders");

const ORDER_BYTES: usize = offsetof<Order>();
const pool: usize = heap.alloc(<usize>poolSize * ORDER_BYTES);
const market = changetype<Market>(heap.alloc(offsetof<Market>()));
/** The oldest and the newest order at each price, bids first; at one price there are never both bids and asks. */
const oldest = new StaticArray<i32>(PRICES);
const newest = new StaticArray<i32>(PRICES);

// @ts-ignore: decorator
@inline
function orderAt(index: i32): Order {
  return changetype<Order>(pool + <usize>index * ORDER_BYTES);
}

function nextRandom(): u64 {
  let x = market.random;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  market.random = x;
  return x;
}

/** Puts an order at the end of the queue at its price. */
function enqueue(index: i32): void {
  const order = orderAt(index);
  const price = order.price;
  order.previous = newest[price];
  order.next = NONE;
  if (newest[price] == NONE) oldest[price] = index;
  else orderAt(newest[price]).next = index;
  newest[price] = index;
  if (order.side == BID && price > market.bestBid) market.bestBid = price;
  if (order.side == ASK && price < market.bestAsk) market.bestAsk = price;
}

/** Takes an order out of its queue and gives it back to the pool. */
function dequeue(index: i32): void {
  const order = orderAt(index);
  const price = order.price;
  if (order.previous == NONE) oldest[price] = order.next;
  else orderAt(order.previous).next = order.next;
  if (order.next == NONE) newest[price] = order.previous;
  else orderAt(order.next).previous = order.previous;
  order.quantity = 0;
  order.next = market.free;
  market.free = index;
  market.orders--;
  if (oldest[price] == NONE) moveBest();
}

/** Looks for the best prices again after a queue ran empty. */
function moveBest(): void {
  while (market.bestBid >= 0 && oldest[market.bestBid] == NONE) market.bestBid--;
  while (market.bestAsk < PRICES && oldest[market.bestAsk] == NONE) market.bestAsk++;
}

/** Trades `quantity` against waiting orders of the other side as far as `price` allows; returns what is left. */
function match(side: i32, price: i32, quantity: i32): i32 {
  while (quantity > 0) {
    const best = side == BID ? market.bestAsk : market.bestBid;
    if (side == BID ? best > price : best < price) break;
    const index = oldest[best];
    const order = orderAt(index);
    const traded = min(quantity, order.quantity);
    quantity -= traded;
    order.quantity -= traded;
    market.traded += traded;
    market.turnover += <u64>traded * <u64>best;
    if (order.quantity == 0) dequeue(index);
  }
  return quantity;
}

/** A new order: trades what it can, and waits with the rest. */
function submit(side: i32, price: i32, quantity: i32): void {
  const rest = match(side, price, quantity);
  if (rest == 0 || market.free == NONE) return;
  const index = market.free;
  const order = orderAt(index);
  market.free = order.next;
  market.orders++;
  order.price = price;
  order.quantity = rest;
  order.side = side;
  order.number = market.messages;
  enqueue(index);
}

/** One message: an order near a price that wanders, or the cancellation of any order that waits. */
function receive(): void {
  const random = nextRandom();
  if ((random & 255) == 0) {
    market.middle = max(PRICES / 4, min((PRICES / 4) * 3, market.middle + <i32>((random >> 8) % 17) - 8));
  }
  if (((random >> 16) & 1) == 0) {
    const index = <i32>((random >> 20) % <u64>poolSize);
    if (orderAt(index).quantity > 0) dequeue(index);
    return;
  }
  const side = <i32>(random >> 18) & 1;
  const distance = <i32>(((random >> 24) & 255) * ((random >> 32) & 255)) >> 8;
  const price = side == BID ? market.middle + 8 - distance : market.middle - 8 + distance;
  submit(side, price, 1 + <i32>((random >> 48) % 100));
}

/** The state of an exchange that has just opened. */
function open(): void {
  memory.fill(changetype<usize>(market), 0, offsetof<Market>());
  memory.fill(pool, 0, <usize>poolSize * ORDER_BYTES);
  for (let i = 0; i < poolSize; i++) orderAt(i).next = i + 1 < poolSize ? i + 1 : NONE;
  for (let i = 0; i < PRICES; i++) oldest[i] = newest[i] = NONE;
  market.random = 0x9e3779b97f4a7c15;
  market.bestBid = NONE;
  market.bestAsk = PRICES;
  market.middle = PRICES / 2;
}

function checksum(): u64 {
  let hash: u64 = 0xcbf29ce484222325;
  for (let offset: usize = 0; offset < <usize>poolSize * ORDER_BYTES; offset += 4) {
    hash = (hash ^ load<u32>(pool + offset)) * 0x100000001b3;
  }
  for (let i = 0; i < PRICES; i++) hash = (hash ^ <u64>oldest[i]) * 0x100000001b3;
  return hash;
}

export function main(): i32 {
  if (initSingle(0) != SUCCESS) return 1;
  memProtect(0, changetype<usize>(market), 1, offsetof<Market>());
  memProtect(1, pool, poolSize, ORDER_BYTES);
  memName(0, "market");
  memName(1, "orders");
  protect(2, oldest, "oldest");
  protect(3, newest, "newest");

  const version = restartTest("book");
  if (version <= 0) open();
  else if (restart("book", version) != SUCCESS) return 1;

  while (market.messages < MESSAGES) {
    receive();
    market.messages++;
    if (market.messages % (MESSAGES / CHECKPOINTS) == 0) {
      if (checkpoint("book", market.messages / (MESSAGES / CHECKPOINTS)) != SUCCESS) return 1;
    }
  }

  finalize();
  console.log(
    `${market.messages} messages, ${market.orders} orders waiting, best ${market.bestBid}/${market.bestAsk}, ` +
      `${market.traded} traded for ${market.turnover}, checksum ${checksum().toString(16)}`,
  );
  return 0;
}
