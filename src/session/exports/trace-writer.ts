import { ProtoWriter } from "./proto-writer.ts";

/** Fields of Perfetto's messages, from the files in protos/perfetto/trace of its repository. */
const PACKET = { timestamp: 8, sequence: 10, trackEvent: 11, internedData: 12, sequenceFlags: 13, trackDescriptor: 60 };
const TRACK = { uuid: 1, name: 2, process: 3, parent: 5, counter: 8 };
const PROCESS = { pid: 1, name: 6 };
const EVENT = { annotations: 4, type: 9, name: 10, track: 11, counterValue: 30 };
const ANNOTATION = { name: 1, unsigned: 3, double: 5 };
const INTERNED = { eventNames: 2, annotationNames: 3 };
const INTERNED_ENTRY = { id: 1, name: 2 };
/** The list of packets, in the message that is the whole trace. */
const TRACE_PACKET = 1;

const SLICE_BEGIN = 1;
const SLICE_END = 2;
const COUNTER = 4;
const STATE_CLEARED = 1;
const NEEDS_STATE = 2;
/** All packets are of one sequence: those of a track are in order, and all share their interned names. */
const SEQUENCE = 1;
const PROCESS_TRACK = 1;

/**
 * Writes a trace in Perfetto's own format. Times are cycles of a machine, and nanoseconds in the file; slices of a track
 * begin and end in order, and those that end later than others that began after them hold them.
 */
export class TraceWriter {
  readonly #nanosecondsPerCycle: number;
  readonly #trace = new ProtoWriter();
  readonly #packet = new ProtoWriter();
  readonly #part = new ProtoWriter();
  readonly #inner = new ProtoWriter();
  readonly #interned = new ProtoWriter();
  readonly #eventNames = new Map<string, number>();
  readonly #annotationNames = new Map<string, number>();
  /** Time of the last event of each track: rounding must not let one begin before another has ended. */
  readonly #latest = new Map<number, number>();
  #hasPackets = false;

  /** @param processName what the tracks are about */
  constructor(ghz: number, processName: string) {
    this.#nanosecondsPerCycle = 1 / ghz;
    this.#inner.clear();
    this.#inner.unsigned(PROCESS.pid, 1);
    this.#inner.text(PROCESS.name, processName);
    this.#part.clear();
    this.#part.unsigned(TRACK.uuid, PROCESS_TRACK);
    this.#part.message(TRACK.process, this.#inner);
    this.#describe();
  }

  /** @param track above 1, like those of all tracks */
  track(track: number, name: string, isCounter = false): void {
    this.#part.clear();
    this.#part.unsigned(TRACK.uuid, track);
    this.#part.text(TRACK.name, name);
    this.#part.unsigned(TRACK.parent, PROCESS_TRACK);
    this.#inner.clear();
    if (isCounter) this.#part.message(TRACK.counter, this.#inner);
    this.#describe();
  }

  begin(track: number, cycle: number, name: string, annotations: Readonly<Record<string, number>> = {}): void {
    this.#event(track, SLICE_BEGIN);
    this.#part.unsigned(EVENT.name, this.#intern(INTERNED.eventNames, this.#eventNames, name));
    for (const [key, value] of Object.entries(annotations)) {
      const id = this.#intern(INTERNED.annotationNames, this.#annotationNames, key);
      this.#inner.clear();
      this.#inner.unsigned(ANNOTATION.name, id);
      if (Number.isSafeInteger(value) && value >= 0) this.#inner.unsigned(ANNOTATION.unsigned, value);
      else this.#inner.double(ANNOTATION.double, value);
      this.#part.message(EVENT.annotations, this.#inner);
    }
    this.#post(track, cycle);
  }

  /** Ends the slice of the track that began last and has not ended. */
  end(track: number, cycle: number): void {
    this.#event(track, SLICE_END);
    this.#post(track, cycle);
  }

  /** @param value a whole number, 0 or more */
  count(track: number, cycle: number, value: number): void {
    this.#event(track, COUNTER);
    this.#part.unsigned(EVENT.counterValue, value);
    this.#post(track, cycle);
  }

  bytes(): Uint8Array {
    return this.#trace.bytes();
  }

  #event(track: number, type: number): void {
    this.#interned.clear();
    this.#part.clear();
    this.#part.unsigned(EVENT.type, type);
    this.#part.unsigned(EVENT.track, track);
  }

  #intern(field: number, numbers: Map<string, number>, name: string): number {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    const id = numbers.size + 1;
    numbers.set(name, id);
    this.#inner.clear();
    this.#inner.unsigned(INTERNED_ENTRY.id, id);
    this.#inner.text(INTERNED_ENTRY.name, name);
    this.#interned.message(field, this.#inner);
    return id;
  }

  #post(track: number, cycle: number): void {
    const time = Math.max(this.#latest.get(track) ?? 0, Math.round(cycle * this.#nanosecondsPerCycle));
    this.#latest.set(track, time);
    this.#packet.clear();
    this.#packet.unsigned(PACKET.timestamp, time);
    if (this.#interned.length > 0) this.#packet.message(PACKET.internedData, this.#interned);
    this.#packet.message(PACKET.trackEvent, this.#part);
    this.#append();
  }

  #describe(): void {
    this.#packet.clear();
    this.#packet.message(PACKET.trackDescriptor, this.#part);
    this.#append();
  }

  #append(): void {
    this.#packet.unsigned(PACKET.sequence, SEQUENCE);
    this.#packet.unsigned(PACKET.sequenceFlags, this.#hasPackets ? NEEDS_STATE : STATE_CLEARED);
    this.#hasPackets = true;
    this.#trace.message(TRACE_PACKET, this.#packet);
  }
}
