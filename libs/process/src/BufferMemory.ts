/**
 * BufferMemory: what the bytes of buffers, which lie outside of the heap, mean to the garbage
 * collector.
 *
 * By default V8 counts them alone, and begins a full collection after some tens of MiB of new
 * ones, however few of them live. One channel with 5 MB/s cost a full collection each second, and
 * all others up to 30 ms; counted with the heap it is none in half a minute
 * (`npm run bench -- hot`: p99 of quiet channels beside it 36 ms before, 12 ms since).
 */
import { setFlagsFromString } from "node:v8"

/** Of the whole process, from now on. */
export const countBuffersWithHeap = (): void =>
  setFlagsFromString("--external-memory-accounted-in-global-limit")
