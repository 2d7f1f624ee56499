/**
 * Finds which of very many counters are wrong, in constant memory: what refers to a name adds to a slot, what the name's
 * own row says is taken off it. Slots that come out at zero are right; only what is in the others is looked at again.
 */
const slots = 1 << 20

function mix(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

function hash(name: string, seed: number): number {
  let h = seed
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193)
  return mix(h)
}

export class Balance {
  readonly #sums = new Int32Array(slots)

  /**
   * Each name weighs something odd of its own, so that two wrong counters of one slot do not make up for each other
   * (which leaves one chance in 2^51 for a pair of them).
   */
  add(name: string, delta: number): void {
    const slot = hash(name, 0x811c9dc5) & (slots - 1)
    const weight = hash(name, 0x2f0b4a27) | 1
    this.#sums[slot] = ((this.#sums[slot] ?? 0) + Math.imul(weight, delta)) | 0
  }

  /** Whether this counter may be wrong; one that is right shares a slot with a wrong one now and then. */
  isOff(name: string): boolean {
    return this.#sums[hash(name, 0x811c9dc5) & (slots - 1)] !== 0
  }

  /** Whether every counter is right. */
  get even(): boolean {
    const sums = this.#sums
    // A call for each of a million costs ten times as much.
    for (let slot = 0; slot < slots; slot++) if (sums[slot] !== 0) return false
    return true
  }
}
