// CRC-64/NVME in WebAssembly. One instance serves every stream, as its state is eight bytes.

import { wasm } from './crc64nvme.gen.ts'
import { instantiate } from './wasm-module.ts'

const stateAt = 32768
const inputAt = 65536
const inputBytes = 131072

const { memory, call } = instantiate(wasm)
const update = call('update')
const input = new Uint8Array(memory, inputAt, inputBytes)
const state = new Uint32Array(memory, stateAt, 2)

/** The CRC of a stream so far. */
export class Crc64Nvme {
  #low = 0xffffffff
  #high = 0xffffffff

  update(bytes: Uint8Array): void {
    state[0] = this.#low
    state[1] = this.#high
    for (let at = 0; at < bytes.length; at += inputBytes) {
      const part =
        bytes.length <= inputBytes
          ? bytes
          : bytes.subarray(at, Math.min(at + inputBytes, bytes.length))
      input.set(part)
      update(inputAt, part.length)
    }
    this.#low = state[0] ?? 0
    this.#high = state[1] ?? 0
  }

  /** Base64 of the eight bytes, the highest first. */
  digest(): string {
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeInt32BE(~this.#high, 0)
    bytes.writeInt32BE(~this.#low, 4)
    return bytes.toString('base64')
  }
}
