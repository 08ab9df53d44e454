import { type Price, type PriceProfile, PriceProfileError } from "./prices.ts";

/** Ethernet, IP and TCP headers on top of the bytes that they carry, in frames of 1,500 bytes. */
const FRAMING = 1.053;

/** A network and a disk as somebody supposes them; what is left out stays the profile's. */
export interface Devices {
  readonly wireBytesPerSecond?: number | undefined;
  readonly wireRoundTripSeconds?: number | undefined;
  readonly diskBytesPerSecond?: number | undefined;
  readonly diskFlushSeconds?: number | undefined;
}

/** The options that say so, as sources of prices name them. */
const OPTION: Readonly<Record<keyof Devices, string>> = {
  wireBytesPerSecond: "--bandwidth",
  wireRoundTripSeconds: "--round-trip",
  diskBytesPerSecond: "--disk-bandwidth",
  diskFlushSeconds: "--disk-flush",
};

/** The primitives that they are the prices of. */
export const DEVICE_PRIMITIVES: Readonly<Record<keyof Devices, string>> = {
  wireBytesPerSecond: "wire.byte",
  wireRoundTripSeconds: "wire.round_trip",
  diskBytesPerSecond: "disk.byte",
  diskFlushSeconds: "disk.flush",
};

/**
 * A profile with another network or disk. Prices change and no count does, so no run has to be made again.
 * @throws PriceProfileError when a figure is not above 0
 */
export function withDevices(profile: PriceProfile, devices: Devices): PriceProfile {
  const primitives: Record<string, Price> = { ...profile.primitives };
  const options: string[] = [];
  const set = (device: keyof Devices, secondsOf: (value: number) => number, what: string) => {
    const value = devices[device];
    if (value === undefined) return;
    if (!(value > 0 && Number.isFinite(value))) {
      throw new PriceProfileError(`${OPTION[device]} must be above 0, and is ${value}`);
    }
    const seconds = secondsOf(value);
    const cycles = Number((seconds * profile.ghz * 1e9).toPrecision(4));
    options.push(OPTION[device]);
    primitives[DEVICE_PRIMITIVES[device]] = {
      cycles,
      low: cycles,
      high: cycles,
      confidence: "S",
      source: `${OPTION[device]}: ${what}; ${(seconds * 1e9).toPrecision(4)} ns at ${profile.ghz} GHz`,
    };
  };
  set(
    "wireBytesPerSecond",
    (rate) => FRAMING / rate,
    `${rateText(devices.wireBytesPerSecond)} x ${FRAMING} frame and TCP headers`,
  );
  set("wireRoundTripSeconds", (seconds) => seconds, "as supposed");
  set("diskBytesPerSecond", (rate) => 1 / rate, rateText(devices.diskBytesPerSecond));
  set("diskFlushSeconds", (seconds) => seconds, "as supposed");
  if (options.length === 0) return profile;
  return { ...profile, title: `${profile.title} with ${options.join(", ")}`, primitives };
}

/** The network and the disk that a profile's prices are of. */
export function devicesOf({ ghz, primitives }: PriceProfile): Readonly<Record<keyof Devices, number>> {
  const seconds = (device: keyof Devices) => primitives[DEVICE_PRIMITIVES[device]].cycles / (ghz * 1e9);
  return {
    wireBytesPerSecond: FRAMING / seconds("wireBytesPerSecond"),
    wireRoundTripSeconds: seconds("wireRoundTripSeconds"),
    diskBytesPerSecond: 1 / seconds("diskBytesPerSecond"),
    diskFlushSeconds: seconds("diskFlushSeconds"),
  };
}

function rateText(bytesPerSecond = 0): string {
  return `${(bytesPerSecond / 1e6).toPrecision(4)} MB/s`;
}
