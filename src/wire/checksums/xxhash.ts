// The XXH family by hash-wasm: one engine an algorithm, made at start, that every stream borrows in turn.

import { createXXHash3, createXXHash64, createXXHash128, type IHasher } from 'hash-wasm'

export type XxhashAlgorithm = 'XXHASH64' | 'XXHASH3' | 'XXHASH128'

interface Engine {
  readonly hasher: IHasher
  /** Whose state the hasher holds at the moment. */
  owner: Xxhash | undefined
}

const makers: Readonly<Record<XxhashAlgorithm, () => Promise<IHasher>>> = {
  XXHASH64: () => createXXHash64(0, 0),
  XXHASH3: () => createXXHash3(0, 0),
  XXHASH128: () => createXXHash128(0, 0),
}

const engines = new Map<XxhashAlgorithm, Engine>()

/** Makes the engines; to be awaited once before the first `Xxhash`. */
export const readyXxhash = async (): Promise<void> => {
  for (const algorithm of ['XXHASH64', 'XXHASH3', 'XXHASH128'] as const) {
    if (engines.has(algorithm)) continue
    engines.set(algorithm, { hasher: await makers[algorithm](), owner: undefined })
  }
}

/** One stream's hash. Its state stands in the engine while nobody else needs that, and is saved aside otherwise. */
export class Xxhash {
  readonly #engine: Engine
  #saved: Uint8Array | undefined

  constructor(algorithm: XxhashAlgorithm) {
    const engine = engines.get(algorithm)
    if (engine === undefined) throw new Error('await readyChecksums() at start')
    this.#engine = engine
  }

  #borrow(): IHasher {
    const { hasher, owner } = this.#engine
    if (owner === this) return hasher
    if (owner !== undefined) owner.#saved = hasher.save()
    if (this.#saved === undefined) hasher.init()
    else hasher.load(this.#saved)
    this.#saved = undefined
    this.#engine.owner = this
    return hasher
  }

  update(bytes: Uint8Array): void {
    this.#borrow().update(bytes)
  }

  /** Base64 of the canonical form, the highest byte first. Ends the stream. */
  digest(): string {
    const digest = this.#borrow().digest('binary')
    this.#engine.owner = undefined
    return Buffer.from(digest).toString('base64')
  }
}
