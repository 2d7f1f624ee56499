// Writes the WebAssembly modules of src/wire/checksums as text, assembles them and embeds them as base64:
// `node scripts/wasm.ts`, or with `--check` to compare with what is there.

import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import wabt from 'wabt'

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const get = (name: string): string => `(local.get $${name})`
const set = (name: string, value: string): string => `(local.set $${name} ${value})`

// --- CRC-64/NVME: slicing by 16. Memory: 16 tables of 256 × 8 bytes at 0, the state at 32768, input at 65536.

const crcTables = 16
const crcState = crcTables * 2048

const tableEntry = (table: number, index: string): string =>
  `(i64.load offset=${table * 2048} (i32.shl ${index} (i32.const 3)))`

const byteOf = (word: string, byte: number): string =>
  `(i32.and (i32.wrap_i64 (i64.shr_u ${get(word)} (i64.const ${byte * 8}))) (i32.const 255))`

/** Fills the tables: the first by the polynomial, bit by bit, each other from the one before it. */
const crcStart = (): string => `
(func $start (local $n i32) (local $k i32) (local $c i64)
  (loop $numbers
    ${set('c', `(i64.extend_i32_u ${get('n')})`)}
    ${set('k', '(i32.const 8)')}
    (loop $bits
      ${set(
        'c',
        `(i64.xor (i64.shr_u ${get('c')} (i64.const 1))
        (i64.and (i64.const 0x9a6c9329ac4bc9b5) (i64.sub (i64.const 0) (i64.and ${get('c')} (i64.const 1)))))`,
      )}
      (br_if $bits (local.tee $k (i32.sub ${get('k')} (i32.const 1)))))
    (i64.store (i32.shl ${get('n')} (i32.const 3)) ${get('c')})
    ${set('n', `(i32.add ${get('n')} (i32.const 1))`)}
    (br_if $numbers (i32.lt_u ${get('n')} (i32.const 256))))
  ${set('n', '(i32.const 0)')}
  (loop $entries
    ${set('c', `(i64.load (i32.shl ${get('n')} (i32.const 3)))`)}
    (i64.store offset=2048 (i32.shl ${get('n')} (i32.const 3))
      (i64.xor (i64.shr_u ${get('c')} (i64.const 8)) ${tableEntry(0, byteOf('c', 0))}))
    ${set('n', `(i32.add ${get('n')} (i32.const 1))`)}
    (br_if $entries (i32.lt_u ${get('n')} (i32.const ${(crcTables - 1) * 256}))))
)
(start $start)`

const crcUpdate = (): string => {
  const terms = [
    ...range(8).map(i => tableEntry(15 - i, byteOf('x', i))),
    ...range(8).map(i => tableEntry(7 - i, byteOf('y', i))),
  ]
  const all = terms.reduce((sum, term) => `(i64.xor ${sum} ${term})`)
  return `
(func (export "update") (param $p i32) (param $n i32) (local $c i64) (local $x i64) (local $y i64)
  ${set('c', `(i64.load (i32.const ${crcState}))`)}
  (block $short (loop $long
    (br_if $short (i32.lt_u ${get('n')} (i32.const 16)))
    ${set('x', `(i64.xor ${get('c')} (i64.load ${get('p')}))`)}
    ${set('y', `(i64.load offset=8 ${get('p')})`)}
    ${set('c', all)}
    ${set('p', `(i32.add ${get('p')} (i32.const 16))`)}
    ${set('n', `(i32.sub ${get('n')} (i32.const 16))`)}
    (br $long)))
  (block $end (loop $bytes
    (br_if $end (i32.eqz ${get('n')}))
    ${set('x', `(i64.xor ${get('c')} (i64.load8_u ${get('p')}))`)}
    ${set('c', `(i64.xor (i64.shr_u ${get('c')} (i64.const 8)) ${tableEntry(0, byteOf('x', 0))})`)}
    ${set('p', `(i32.add ${get('p')} (i32.const 1))`)}
    ${set('n', `(i32.sub ${get('n')} (i32.const 1))`)}
    (br $bytes)))
  (i64.store (i32.const ${crcState}) ${get('c')}))`
}

const crc64nvme = (): string => `(module (memory (export "memory") 3) ${crcStart()} ${crcUpdate()})`

// --- MD5: four or eight streams in the lanes of SIMD registers, or one alone. Memory: for each four of them the states'
// a, b, c and d, each four lanes wide, 64 bytes in all, from 0 on; input from 1024 on.

const sines = range(64).map(i => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0)
const shifts = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
]
const words = ['a', 'b', 'c', 'd']

interface Step {
  readonly round: number
  readonly word: number
  readonly shift: number
  readonly sine: number
  /** The four state words in the roles of this step. */
  readonly roles: readonly [string, string, string, string]
}

const md5Steps = (): Step[] =>
  range(64).map(i => {
    const round = i >> 4
    const word = [i, 5 * i + 1, 3 * i + 5, 7 * i][round] ?? 0
    const role = (offset: number): string => words[(offset + 4 - (i & 3)) & 3] ?? 'a'
    return {
      round,
      word: word & 15,
      shift: shifts[round]?.[i & 3] ?? 0,
      sine: sines[i] ?? 0,
      roles: [role(0), role(1), role(2), role(3)],
    }
  })

/** 4 × 4 words of four streams, so that each register holds the same word of all four. */
const transposed = (quad: number, group: number): string => {
  const pick = (a: string, b: string, order: readonly number[]): string =>
    `(i8x16.shuffle ${order.flatMap(i => range(4).map(k => i * 4 + k)).join(' ')} ${get(a)} ${get(b)})`
  const even = [0, 4, 1, 5]
  const odd = [2, 6, 3, 7]
  const word = (j: number): string => `w${quad}_${group * 4 + j}`
  return [
    ...range(4).map(j =>
      set(`x${j}`, `(v128.load offset=${group * 16} ${get(`p${quad * 4 + j}`)})`),
    ),
    set('y0', pick('x0', 'x1', even)),
    set('y1', pick('x0', 'x1', odd)),
    set('y2', pick('x2', 'x3', even)),
    set('y3', pick('x2', 'x3', odd)),
    set(word(0), pick('y0', 'y2', [0, 1, 4, 5])),
    set(word(1), pick('y0', 'y2', [2, 3, 6, 7])),
    set(word(2), pick('y1', 'y3', [0, 1, 4, 5])),
    set(word(3), pick('y1', 'y3', [2, 3, 6, 7])),
  ].join('\n')
}

// Each step waits for the b that the one before made. So whatever does not need b is computed apart, and b goes through
// as few operations as there can be: that, not their number, decides the speed.
const md5SimdStep = (quad: number, { round, word, shift, sine, roles }: Step): string => {
  const [a, b, c, d] = roles.map(role => get(`${role}${quad}`))
  const constant = `(v128.const i32x4 ${sine} ${sine} ${sine} ${sine})`
  const base = `(i32x4.add ${a} (i32x4.add ${constant} ${get(`w${quad}_${word}`)}))`
  const sum = [
    `(i32x4.add ${base} (v128.xor ${d} (v128.and ${b} (v128.xor ${c} ${d}))))`,
    `(i32x4.add (i32x4.add ${base} (v128.andnot ${c} ${d})) (v128.and ${b} ${d}))`,
    `(i32x4.add ${base} (v128.xor ${b} (v128.xor ${c} ${d})))`,
    `(i32x4.add ${base} (v128.xor ${c} (v128.or ${b} (v128.not ${d}))))`,
  ][round]
  return `${set('t', sum ?? '')}
    ${set(`${roles[0]}${quad}`, `(i32x4.add ${b} (v128.or (i32x4.shl ${get('t')} (i32.const ${shift})) (i32x4.shr_u ${get('t')} (i32.const ${32 - shift}))))`)}`
}

const locals = (type: string, names: readonly string[]): string =>
  names.map(name => `(local $${name} ${type})`).join(' ')

/** Two fours of streams take their steps by turns: while one waits for its b, the other has work. */
const md5Lanes = (name: string, quads: number): string => {
  const each = range(quads)
  const pointers = range(quads * 4)
  const states = each.flatMap(quad =>
    words.map((word, i) => ({ name: `${word}${quad}`, at: quad * 64 + i * 16 })),
  )
  return `
(func (export "${name}") (param $n i32) ${pointers.map(j => `(param $p${j} i32)`).join(' ')}
  ${locals('v128', [...states.flatMap(state => [state.name, `${state.name}_0`]), 't'])}
  ${locals(
    'v128',
    range(4).flatMap(j => [`x${j}`, `y${j}`]),
  )}
  ${locals(
    'v128',
    each.flatMap(quad => range(16).map(i => `w${quad}_${i}`)),
  )}
  ${states.map(state => set(state.name, `(v128.load (i32.const ${state.at}))`)).join('\n')}
  (loop $blocks
    ${each.flatMap(quad => range(4).map(group => transposed(quad, group))).join('\n')}
    ${states.map(state => set(`${state.name}_0`, get(state.name))).join('\n')}
    ${md5Steps()
      .flatMap(step => each.map(quad => md5SimdStep(quad, step)))
      .join('\n')}
    ${states.map(state => set(state.name, `(i32x4.add ${get(state.name)} ${get(`${state.name}_0`)})`)).join('\n')}
    ${pointers.map(j => set(`p${j}`, `(i32.add ${get(`p${j}`)} (i32.const 64))`)).join('\n')}
    (br_if $blocks (local.tee $n (i32.sub ${get('n')} (i32.const 1)))))
  ${states.map(state => `(v128.store (i32.const ${state.at}) ${get(state.name)})`).join('\n')})`
}

const md5ScalarStep = ({ round, word, shift, sine, roles }: Step): string => {
  const [a, b, c, d] = roles.map(get)
  const mixed = [
    `(i32.xor ${d} (i32.and ${b} (i32.xor ${c} ${d})))`,
    `(i32.xor ${c} (i32.and ${d} (i32.xor ${b} ${c})))`,
    `(i32.xor (i32.xor ${b} ${c}) ${d})`,
    `(i32.xor ${c} (i32.or ${b} (i32.xor ${d} (i32.const -1))))`,
  ][round]
  const input = `(i32.load offset=${word * 4} ${get('p')})`
  const sum = `(i32.add (i32.add ${a} ${mixed}) (i32.add (i32.const ${sine}) ${input}))`
  return set(roles[0], `(i32.add ${b} (i32.rotl ${sum} (i32.const ${shift})))`)
}

/** `s` is where the a of the state that is meant stands. */
const md5One = (): string => `
(func (export "one") (param $n i32) (param $p i32) (param $s i32)
  ${locals('i32', [...words, ...words.map(w => `${w}0`)])}
  ${words.map((w, i) => set(w, `(i32.load offset=${i * 16} ${get('s')})`)).join('\n')}
  (loop $blocks
    ${words.map(w => set(`${w}0`, get(w))).join('\n')}
    ${md5Steps().map(md5ScalarStep).join('\n')}
    ${words.map(w => set(w, `(i32.add ${get(w)} ${get(`${w}0`)})`)).join('\n')}
    ${set('p', `(i32.add ${get('p')} (i32.const 64))`)}
    (br_if $blocks (local.tee $n (i32.sub ${get('n')} (i32.const 1)))))
  ${words.map((w, i) => `(i32.store offset=${i * 16} ${get('s')} ${get(w)})`).join('\n')})`

const md5 = (): string =>
  `(module (memory (export "memory") 10) ${md5Lanes('four', 1)} ${md5Lanes('eight', 2)} ${md5One()})`

// ---

const modules = [
  { name: 'crc64nvme', what: 'CRC-64/NVME, slicing by 16', text: crc64nvme() },
  { name: 'md5', what: 'MD5 of four or eight streams at once, and of one', text: md5() },
]

const embed = (what: string, bytes: Uint8Array): string =>
  `// Made by scripts/wasm.ts: ${what}. Do not edit.\n\n/** A WebAssembly module in base64. */\nexport const wasm =\n  '${Buffer.from(bytes).toString('base64')}'\n`

const assembler = await wabt()
const check = process.argv.includes('--check')
for (const { name, what, text } of modules) {
  const parsed = assembler.parseWat(`${name}.wat`, text, { simd: true })
  const source = embed(what, parsed.toBinary({}).buffer)
  const path = fileURLToPath(new URL(`../src/wire/checksums/${name}.gen.ts`, import.meta.url))
  if (!check) await writeFile(path, source)
  else if ((await readFile(path, 'utf8')) !== source) {
    console.error(`${path} is not what scripts/wasm.ts makes`)
    process.exitCode = 1
  }
}
