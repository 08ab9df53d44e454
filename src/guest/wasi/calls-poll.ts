/** Waiting for events. Files and streams are always ready; only the virtual clock makes a program wait. */
import { ClockId, Errno, EventType, Right, SIZE } from "./abi.ts";
import { checkClock } from "./calls-process.ts";
import type { CallTable, WasiContext } from "./context.ts";
import { WasiError } from "./wasi-error.ts";

const ABSOLUTE_TIME = 1;
const HANGUP = 1;
const MAX_SUBSCRIPTIONS = 4096;
/** What a write can take without waiting, as reported for a pipe in Linux (PIPE_BUF). */
const WRITABLE_BYTES = 4096n;

interface PolledEvent {
  readonly userdata: bigint;
  readonly type: number;
  /** Nanoseconds from now until it happens. */
  readonly delay: bigint;
  readonly errno: number;
  /** Bytes that can be read or written; 0 for clocks. */
  readonly bytes: bigint;
  readonly flags: number;
}

export function pollCalls(context: WasiContext): CallTable {
  const { guest, descriptors, options, usage } = context;

  /** userdata u64, tag u8 (at 8), then (at 16) a clock: id u32, timeout u64, precision u64, flags u16; or a descriptor: u32. */
  const readSubscription = (address: number): PolledEvent => {
    const userdata = guest.readU64(address);
    const type = guest.readU8(address + 8);
    const event = { userdata, type, delay: 0n, errno: Errno.SUCCESS, bytes: 0n, flags: 0 };
    try {
      if (type === EventType.CLOCK) {
        const id = guest.readU32(address + 16);
        const timeout = guest.readU64(address + 24);
        const absolute = (guest.readU16(address + 40) & ABSOLUTE_TIME) !== 0;
        checkClock(id);
        return { ...event, delay: absolute ? until(id, timeout) : timeout };
      }
      if (type === EventType.FD_READ) return { ...event, ...readiness(guest.readU32(address + 16), Right.FD_READ) };
      if (type === EventType.FD_WRITE) return { ...event, ...readiness(guest.readU32(address + 16), Right.FD_WRITE) };
    } catch (error) {
      if (error instanceof WasiError && error.errno !== Errno.FAULT) return { ...event, errno: error.errno };
      throw error;
    }
    throw new WasiError(Errno.INVAL);
  };

  const until = (clock: number, time: bigint): bigint => {
    const now = clock === ClockId.REALTIME ? context.now() : options.clockNanoseconds();
    return time > now ? time - now : 0n;
  };

  const readiness = (fd: number, right: bigint): { bytes: bigint; flags: number } => {
    const descriptor = descriptors.get(fd, Right.POLL_FD_READWRITE | right);
    if (right === Right.FD_WRITE) return { bytes: WRITABLE_BYTES, flags: 0 };
    switch (descriptor.kind) {
      case "stdin": {
        const left = options.stdin.length - descriptor.position;
        return { bytes: BigInt(left), flags: left === 0 ? HANGUP : 0 };
      }
      case "file":
        return { bytes: BigInt(Math.max(0, descriptor.node.content.size - descriptor.position)), flags: 0 };
      default:
        return { bytes: 0n, flags: 0 };
    }
  };

  return {
    poll_oneoff(inAddress: number, outAddress: number, count: number, resultAddress: number) {
      if (count === 0 || count > MAX_SUBSCRIPTIONS) throw new WasiError(Errno.INVAL);
      guest.check(inAddress, count * SIZE.SUBSCRIPTION);
      guest.check(outAddress, count * SIZE.EVENT);
      guest.check(resultAddress, 4);
      const events: PolledEvent[] = [];
      for (let i = 0; i < count; i++) events.push(readSubscription(inAddress + i * SIZE.SUBSCRIPTION));

      let wait = events[0].delay;
      for (const { delay } of events) if (delay < wait) wait = delay;
      if (wait > 0n) {
        usage.sleeps++;
        usage.sleptNanoseconds += wait;
        options.advanceClock?.(wait);
      }
      const happened = events.filter(({ delay }) => delay <= wait);
      const bytes = new Uint8Array(happened.length * SIZE.EVENT);
      happened.forEach((event, i) => {
        encodeEvent(new DataView(bytes.buffer, i * SIZE.EVENT, SIZE.EVENT), event);
      });
      guest.write(outAddress, bytes);
      guest.writeU32(resultAddress, happened.length);
    },
  };
}

/** userdata u64, error u16 (at 8), type u8 (at 10), nbytes u64 (at 16), flags u16 (at 24). */
function encodeEvent(view: DataView, event: PolledEvent): void {
  view.setBigUint64(0, event.userdata, true);
  view.setUint16(8, event.errno, true);
  view.setUint8(10, event.type);
  view.setBigUint64(16, event.bytes, true);
  view.setUint16(24, event.flags, true);
}
