/** Forms, cut anywhere, well made and badly made. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type ErrorCode, S3Error } from '../model/errors.ts'
import { withinRange } from './auth/post-policy.ts'
import { type Form, formKey, readForm } from './form.ts'

const boundary = '----x7MA'
const contentType = `multipart/form-data; boundary=${boundary}`
type Part = readonly [name: string, value: string | Buffer, filename?: string]

const formOf = (parts: readonly Part[]): Buffer => {
  const pieces: Buffer[] = []
  for (const [name, value, filename] of parts) {
    const file = filename === undefined ? '' : `; filename="${filename}"`
    pieces.push(
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`),
    )
    pieces.push(Buffer.from(value), Buffer.from('\r\n'))
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`))
  return Buffer.concat(pieces)
}

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : Math.max(1, sizes[i % sizes.length] ?? 1)
    yield bytes.subarray(at, at + size)
    at += size
  }
}

const collect = async (bytes: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of bytes) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
const read = (
  bytes: Buffer,
  sizes: readonly number[] = [],
  type: string | undefined = contentType,
) => readForm(cut(bytes, sizes), type)
const rejects = (code: ErrorCode, promise: Promise<unknown>) =>
  assert.rejects(promise, error => {
    assert.ok(error instanceof S3Error, String(error))
    assert.equal(error.code, code)
    return true
  })

describe('forms', () => {
  it('gives fields and file however the bytes are cut', async () => {
    const nasty = Buffer.from(`\r\n--${boundary.slice(0, 5)}\r\n--\r\r\n\0`)
    const file = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.constantFrom(...nasty), { maxLength: 60 }).map(a => Uint8Array.from(a)),
      fc.constant(nasty),
    )
    await fc.assert(
      fc.asyncProperty(
        file,
        fc.string({ unit: 'grapheme' }),
        fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 5 }),
        async (content, value, sizes) => {
          const body = formOf([
            ['Key', 'k'],
            ['x-amz-meta-v', value],
            ['file', Buffer.from(content), 'a.txt'],
            ['after', 'ignored'],
          ])
          const form = await read(body, sizes)
          assert.deepEqual(
            [...form.fields],
            [
              ['key', 'k'],
              ['x-amz-meta-v', value],
            ],
          )
          assert.equal(form.file.filename, 'a.txt')
          assert.deepEqual(await collect(form.file.bytes), Buffer.from(content))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('throws nothing but S3Error on broken forms', async () => {
    const good = formOf([
      ['key', 'k'],
      ['file', 'abc', 'f'],
    ])
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        async (at, byte, short) => {
          const bytes = Buffer.from(good)
          bytes[at] = byte
          try {
            const form = await read(short ? bytes.subarray(0, at) : bytes)
            await collect(form.file.bytes)
          } catch (error) {
            assert.ok(error instanceof S3Error, String(error))
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it('refuses what is no form, is too large, has no file or ends early', async () => {
    const good = formOf([
      ['key', 'k'],
      ['file', 'abc', 'f'],
    ])
    await rejects('RequestIsNotMultiPartContent', read(good, [], 'text/plain'))
    await rejects('RequestIsNotMultiPartContent', readForm(cut(good, []), undefined))
    await rejects('MalformedPOSTRequest', read(good, [], 'multipart/form-data'))
    await rejects('IncorrectNumberOfFilesInPostRequest', read(formOf([['key', 'k']])))
    await rejects(
      'MaxPostPreDataLengthExceeded',
      read(
        formOf([
          ['a', 'x'.repeat(20_481)],
          ['file', '', 'f'],
        ]),
      ),
    )
    const many = Array.from({ length: 1100 }, (_, i): Part => [`f${i}`, ''])
    await rejects('MaxPostPreDataLengthExceeded', read(formOf([...many, ['file', '', 'f']])))
    await rejects(
      'InvalidArgument',
      read(
        formOf([
          ['key', 'a'],
          ['KEY', 'b'],
          ['file', '', 'f'],
        ]),
      ),
    )
    await rejects(
      'MalformedPOSTRequest',
      read(
        formOf([
          ['a', Buffer.from([0xff])],
          ['file', '', 'f'],
        ]),
      ),
    )
    const cutOff = await read(good.subarray(0, good.length - 12))
    await rejects('MalformedPOSTRequest', collect(cutOff.file.bytes))
  })

  it('stops its source when nobody reads on', async () => {
    let closed = 0
    async function* source() {
      try {
        yield formOf([
          ['key', 'k'],
          ['file', 'x'.repeat(1000), 'f'],
        ]).subarray(0, 500)
        yield Buffer.alloc(100)
      } finally {
        closed++
      }
    }
    const form = await readForm(source(), contentType)
    for await (const _ of form.file.bytes) break
    assert.equal(closed, 1)
    await rejects('RequestIsNotMultiPartContent', readForm(source(), 'text/plain'))
    async function* bad() {
      try {
        yield Buffer.alloc(30_000)
      } finally {
        closed++
      }
    }
    await rejects('MalformedPOSTRequest', readForm(bad(), contentType))
    assert.equal(closed, 2)
  })

  it('26: puts the file name into the key, without its folders', () => {
    const keyOf = (key: string | undefined, filename: string): string => {
      const fields = new Map(key === undefined ? [] : [['key', key]])
      const form: Form = {
        fields,
        file: { filename, contentType: undefined, bytes: cut(Buffer.alloc(0), []) },
      }
      return formKey(form)
    }
    assert.equal(keyOf('${filename}', 'foo.txt'), 'foo.txt')
    assert.equal(keyOf('u/${filename}', '../x'), 'u/x')
    assert.equal(keyOf('u/${filename}', 'C:\\a\\b.txt'), 'u/b.txt')
    assert.equal(keyOf('${filename}', '$&'), '$&')
    assert.equal(keyOf(String.raw`\$foo.txt`, 'f'), String.raw`\$foo.txt`)
    assert.throws(() => keyOf(undefined, 'f'), { code: 'InvalidArgument' })
  })

  it('26: bounds the file', async () => {
    const of = (size: number, min: number, max: number) =>
      collect(withinRange(cut(Buffer.alloc(size), [2]), { min, max }))
    assert.equal((await of(3, 3, 3)).length, 3)
    await rejects('EntityTooLarge', of(3, 0, 0))
    await rejects('EntityTooSmall', of(3, 512, 1000))
    await rejects('EntityTooSmall', of(0, 1, 1000))
  })
})
