import { createByteReader } from "./byte-reader.ts";
import type { DecodedBody } from "./decode.ts";
import { readValueType } from "./module-reader.ts";
import type { RewriteContext } from "./rewrite-context.ts";

/** The types of a function's parameters and of the locals that it declares. */
export function localTypes({ module }: RewriteContext, body: DecodedBody, functionIndex: number): number[] {
  const types = [...module.types[module.functionTypes[functionIndex]].parameters];
  const reader = createByteReader(module.bytes, body.localsStart, body.localsEnd);
  for (let left = body.localGroupCount; left > 0; left--) {
    const count = reader.u32();
    const type = readValueType(reader);
    for (let i = 0; i < count; i++) types.push(type);
  }
  return types;
}
