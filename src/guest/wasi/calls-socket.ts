/** There are no sockets: every descriptor that is open is something else. */
import { Errno } from "./abi.ts";
import type { CallTable, WasiContext } from "./context.ts";
import { WasiError } from "./wasi-error.ts";

export function socketCalls({ descriptors }: WasiContext): CallTable {
  const refuse = (fd: number): void => {
    descriptors.get(fd);
    throw new WasiError(Errno.NOTSOCK);
  };
  return { sock_accept: refuse, sock_recv: refuse, sock_send: refuse, sock_shutdown: refuse };
}
